"""Ports of the loopback address for the servers that tests start."""

from __future__ import annotations

import socket

from tests.cluster.paths import cache_dir
from tests.cluster.shell import exclusive

_PORTS = range(20_000, 30_000)
"""Below the ports that the kernel picks for outgoing connections, which begin at 32768."""


def free_port() -> int:
    """Return a port on which nothing listens, and which no other process of this machine is offered soon.

    Nothing else takes it between this choice and the start of a server, nor while that server is stopped for a while.
    """
    counter = cache_dir() / "next-port"
    with exclusive(cache_dir() / "next-port.lock"):
        last = int(counter.read_text() or _PORTS[-1]) if counter.exists() else _PORTS[-1]
        port = next(port for port in _after(last) if _is_free(port))
        counter.write_text(str(port))
    return port


def _after(last: int) -> list[int]:
    """Return every port once, beginning with the one after the last."""
    first = (last + 1 - _PORTS.start) % len(_PORTS)
    return [*_PORTS[first:], *_PORTS[:first]]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
