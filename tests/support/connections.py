"""What a socket does about a peer that is gone."""

from __future__ import annotations

import socket

_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
)


def vanishing(connection: socket.socket) -> tuple[int, ...]:
    """Return whether it asks the peer, after how many seconds, how often, and milliseconds until it gives up."""
    return tuple(connection.getsockopt(level, option) for level, option in _OPTIONS)
