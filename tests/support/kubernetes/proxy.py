"""A TCP proxy on loopback whose network can be cut: bytes stop, nothing is refused, nothing is closed."""

from __future__ import annotations

import contextlib
import socket
import threading

_CHUNK = 64 * 1024


class Proxy:
    """Forwards to one port of this machine until it is cut; use it as a context manager."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = threading.Event()
        self._whole.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._whole.set()
        self._listener.close()
        for end in self._sockets:
            end.close()

    def cut(self) -> None:
        """Let nothing through any more, in either direction."""
        self._whole.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._whole.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
