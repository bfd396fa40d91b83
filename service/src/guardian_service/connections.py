"""Connections over which a stream runs for minutes: a peer that is gone is noticed within seconds."""

from __future__ import annotations

import socket
from typing import Protocol

PEER_LOST_SECONDS = 15
"""By its own settings the kernel sends data again for a quarter of an hour, and asks a silent peer after two."""
_PROBE_SECONDS = 5


class Options(Protocol):
    """The part of a socket that is set here: a listening one hands it on to its connections."""

    def setsockopt(self, level: int, option: int, value: int, /) -> object:
        """Set one option."""


def notice_lost_peer(connection: Options) -> None:
    """End this TCP connection when its peer has acknowledged nothing for 15 s, data or a probe."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _PROBE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PEER_LOST_SECONDS // _PROBE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_LOST_SECONDS * 1000)
