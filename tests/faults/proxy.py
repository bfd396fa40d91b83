"""Proxies before real servers that know what a call is about, and break the one they are told to."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from contextlib import suppress
from types import MappingProxyType
from typing import Any, ClassVar, Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web

from tests.faults.kinds import Fault, Kind

SECONDS_LATE = {Kind.SLOW: 3, Kind.HANGS: 20}
HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "host",
        "content-length",
        "content-encoding",
        "accept-encoding",
    }
)
Body = str | dict[str, Any]


class Proxy(ABC):
    """The faults that wait for their calls, and a thread that serves; use it as a context manager."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    async def _end(self) -> None:
        await self._stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def arm(self, fault: Fault) -> None:
        """Let a fault wait for its call; one at a time for each name."""
        self.faults[fault.name] = fault

    def disarm(self, name: str) -> None:
        """Forget the fault of a name."""
        self.faults.pop(name, None)

    @abstractmethod
    async def _start(self) -> int:
        """Listen, and return the port."""

    @abstractmethod
    async def _stop(self) -> None:
        """End."""


class HttpProxy(Proxy):
    """Forwards to a server by its URL and tokens as they come."""

    hop: ClassVar[Set[str]] = HOP
    """Headers of one connection, which are not passed on."""
    answers: ClassVar[Mapping[Kind, tuple[int, Body]]] = MappingProxyType({})
    """What is answered instead of the call."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = target

    async def _start(self) -> int:
        self._session = ClientSession(
            connector=TCPConnector(ssl=False, limit=0), timeout=ClientTimeout(total=None), auto_decompress=True
        )
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _stop(self) -> None:
        await self._session.close()
        await self._runner.cleanup()

    def struck(self, request: web.Request, body: bytes) -> Fault | None:
        """Return the fault that strikes this call, if one does."""
        raise NotImplementedError

    async def streamed(
        self, request: web.Request, upstream: ClientResponse, headers: dict[str, str]
    ) -> web.StreamResponse | None:
        """Pass on an answer that goes on and on, if it is one."""
        return None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in self.hop}
        fault = self.struck(request, body)
        if fault is not None and (answer := await self.before(fault, request)) is not None:
            return answer
        try:
            async with self._session.request(
                request.method, f"{self._target}{request.path_qs}", headers=headers, data=body or None
            ) as upstream:
                kept = {name: value for name, value in upstream.headers.items() if name.lower() not in HOP}
                if (stream := await self.streamed(request, upstream, kept)) is not None:
                    return stream
                content = await upstream.read()
        except ClientError:
            return abort(request)
        if fault is not None and fault.kind in {Kind.ANSWER_LOST, Kind.KILLED_AFTER}:
            await asyncio.to_thread(fault.act, fault.kind)
            return abort(request)
        if request.method == "HEAD":  # its length is that of the object, not of this answer
            kept |= {"Content-Length": upstream.headers.get("Content-Length", "0")}
        response = web.StreamResponse(status=upstream.status, headers=kept)
        if request.method != "HEAD":
            response.content_length = len(content)
        with suppress(ConnectionError):  # whoever asked has gone
            await response.prepare(request)
            if fault is not None and fault.kind is Kind.CUT:
                await response.write(content[: len(content) // 2])
                return abort(request)
            await response.write(content)
        return response

    async def before(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Do what happens instead of the call, or before it; None: the call goes on."""
        if fault.kind in self.answers:
            status, document = self.answers[fault.kind]
            headers = {"Retry-After": "1"} if status == 429 else {}
            if isinstance(document, str):
                return web.Response(status=status, text=document, content_type="text/html")
            return web.json_response(document, status=status, headers=headers)
        if fault.kind in SECONDS_LATE:
            await asyncio.sleep(SECONDS_LATE[fault.kind])
        if fault.kind in {Kind.REFUSED, Kind.KILLED_BEFORE}:
            await asyncio.to_thread(fault.act, fault.kind)
            return abort(request)
        if fault.kind not in {Kind.ANSWER_LOST, Kind.KILLED_AFTER}:
            await asyncio.to_thread(fault.act, fault.kind)
        return None


def abort(request: web.Request) -> web.StreamResponse:
    """End a connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
