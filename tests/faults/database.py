"""The proxy before PostgreSQL: it reads the client's messages, and breaks statements and commits about one request."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import suppress

from tests.faults.kinds import Fault, Kind, Place
from tests.faults.proxy import SECONDS_LATE, Proxy

_ENCRYPTION = {80877103, 80877104}  # SSLRequest, GSSENCRequest
_UNANSWERED = set(b"PBDEC")  # Parse, Bind, Describe, Execute, Close: the answers come after Sync
_COMMIT = b"Q\0\0\0\x0bCOMMIT\0"
_READY = re.compile(rb"Z\0\0\0\x05[ITE]$")
_UID_OF = rb'"uid": "([^"]+)", "namespace": "[^"]*", "name": "%s"'


def _error(state: str, message: str) -> bytes:
    """Return what a server says of a statement in a transaction that has failed by it."""
    fields = b"".join(
        f"{key}{value}\0".encode() for key, value in zip("SVCM", ("ERROR", "ERROR", state, message), strict=True)
    )
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0" + b"Z\0\0\0\x05E"


_ANSWERS = {Kind.FULL: _error("53100", "could not extend file: No space left on device")}


class DatabaseProxy(Proxy):
    """Forwards to a PostgreSQL on this machine. A fault's name is that of a request."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._target = port
        self._uids: dict[str, bytes] = {}

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, (reader, writer), upstream)
        with suppress(OSError, asyncio.IncompleteReadError):
            await connection.run()

    def struck(self, sent: bytes, about: set[str]) -> Fault | None:
        """Return the fault that strikes what a client sends, and note in `about` whom its transaction concerns.

        One batch may concern several requests, and one break all of their faults: those that wait are of one kind.
        """
        commits, struck = sent == _COMMIT, None
        for name, fault in list(self.faults.items()):
            if found := re.search(_UID_OF % name.encode(), sent):
                self._uids[name] = found[1]
            concerned = name in self._uids and self._uids[name] in sent
            if concerned:
                about.add(name)
            place = Place.STATEMENT if concerned else Place.COMMIT if commits and name in about else None
            if fault.place is place and fault.strikes():
                struck = fault
        if commits:
            about.clear()
        return struck


class _Connection:
    """One connection of a client and the one to the server that belongs to it."""

    def __init__(
        self,
        proxy: DatabaseProxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._losing: Fault | None = None

    async def run(self) -> None:
        """Forward both ways until one of them ends."""
        both = [asyncio.create_task(self._forth()), asyncio.create_task(self._back())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self._to_client.transport.abort()
            self._to_server.close()

    async def _forth(self) -> None:
        about: set[str] = set()
        async for sent in _rounds(self._from_client):
            fault = self._proxy.struck(sent, about)
            if fault is not None and fault.kind in _ANSWERS:
                self._to_client.write(_ANSWERS[fault.kind])
                continue
            if fault is not None and not await self._goes_on(fault):
                return
            self._to_server.write(sent)
            await self._to_server.drain()

    async def _goes_on(self, fault: Fault) -> bool:
        if fault.kind in SECONDS_LATE:
            await asyncio.sleep(SECONDS_LATE[fault.kind])
        elif fault.kind in {Kind.ANSWER_LOST, Kind.KILLED_AFTER}:
            self._losing = fault
        else:
            await asyncio.to_thread(fault.act, fault.kind)
        return fault.kind not in {Kind.REFUSED, Kind.KILLED_BEFORE}

    async def _back(self) -> None:
        tail = b""
        while data := await self._from_server.read(2**16):
            if self._losing is None:
                self._to_client.write(data)
                await self._to_client.drain()
                continue
            tail = (tail + data)[-6:]
            if _READY.search(tail):
                await asyncio.to_thread(self._losing.act, self._losing.kind)
                return


async def _rounds(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what a client sends, each time up to where it waits for an answer."""
    code = next(iter(_ENCRYPTION))
    while code in _ENCRYPTION:  # what comes before the first message that has a type
        head = await reader.readexactly(8)
        length, code = struct.unpack("!II", head)
        yield head + await reader.readexactly(length - 8)
    sent = b""
    while True:
        head = await reader.readexactly(5)
        sent += head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
        if head[0] not in _UNANSWERED:
            yield sent
            sent = b""
