"""HTTP proxies before the real API server and S3 that know what a call is about, and break the one they are told to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "host",
    "content-length",
    "content-encoding",
    "accept-encoding",
}


class Place(StrEnum):
    """Where a fault strikes."""

    WRITE = "status write"
    EVENT = "watch event"
    HEAD = "S3 HEAD"
    GET = "S3 GET"


class Kind(StrEnum):
    """What goes wrong there."""

    REFUSED = "connection refused"
    ANSWER_LOST = "answer lost"
    PLAIN_404 = "404 of a proxy"
    STATUS_404 = "404 of the API"
    CONFLICT = "409"
    INVALID = "422"
    THROTTLED = "429"
    FAILED = "500"
    HTML = "200 with HTML"
    FOREIGN = "200 with another object"
    SLOW = "3 s late"
    HANGS = "20 s late"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    SUSPENDED = "suspended 3 s"
    DROPPED = "dropped"
    DOUBLED = "doubled"
    REORDERED = "after its successor"
    CUT = "connection cut"
    GONE = "ERROR 410"
    ERROR = "ERROR 500"
    GARBAGE = "no JSON"


@dataclass(slots=True)
class Fault:
    """One fault at the `nth` call or event at a place that concerns the request of this name.

    ``act`` does what only the owner of the operator's process can: kill or suspend it.
    """

    name: str
    place: Place
    kind: Kind
    nth: int
    act: Callable[[Kind], None] = lambda _: None
    met: int = 0
    fired: bool = False
    held: bytes = field(default=b"", repr=False)

    def strikes(self) -> bool:
        """Count a call or event, and return whether it is the one."""
        self.met += 1
        if self.met != self.nth:
            return False
        self.fired = True
        return True


def _status(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": f"the fault matrix says {reason}", "reason": reason, "code": code,
    }  # fmt: skip


class FaultProxy:
    """Forwards to an API server by its URL and tokens as they come; use it as a context manager."""

    hop: Set[str] = _HOP
    """Headers of one connection, which are not passed on."""
    answers: Mapping[Kind, tuple[int, str | dict[str, Any]]] = MappingProxyType(
        {
            Kind.PLAIN_404: (404, "404 page not found"),
            Kind.STATUS_404: (404, _status(404, "NotFound")),
            Kind.CONFLICT: (409, _status(409, "Conflict")),
            Kind.INVALID: (422, _status(422, "Invalid")),
            Kind.THROTTLED: (429, _status(429, "TooManyRequests")),
            Kind.FAILED: (500, _status(500, "InternalError")),
            Kind.HTML: (200, "<html>sign in to this network</html>"),
            Kind.FOREIGN: (200, _status(200, "Success")),
        }
    )
    """What is answered instead of the call."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._faults: dict[str, Fault] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def arm(self, fault: Fault) -> None:
        """Let a fault wait for its call; one at a time for each name."""
        self._faults[fault.name] = fault

    def disarm(self, name: str) -> None:
        """Forget the fault of a name."""
        self._faults.pop(name, None)

    async def _start(self) -> None:
        self._session = ClientSession(
            connector=TCPConnector(ssl=False, limit=0), timeout=ClientTimeout(total=None), auto_decompress=True
        )
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._session.close()
        await self._runner.cleanup()

    # ---- one call

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in self.hop}
        fault = self._struck(request)
        if fault is not None and (answer := await self._before(fault, request)) is not None:
            return answer
        try:
            async with self._session.request(
                request.method, f"{self._target}{request.path_qs}", headers=headers, data=body or None
            ) as upstream:
                kept = {name: value for name, value in upstream.headers.items() if name.lower() not in _HOP}
                if "watch" in request.query:
                    return await self._watch(request, upstream.status, kept, upstream.content.iter_any())
                content = await upstream.read()
        except ClientError:
            return _abort(request)
        if fault is not None and fault.kind in {Kind.ANSWER_LOST, Kind.KILLED_AFTER}:
            await asyncio.to_thread(fault.act, fault.kind)
            return _abort(request)
        if request.method == "HEAD":  # its length is that of the object, not of this answer
            kept |= {"Content-Length": upstream.headers.get("Content-Length", "0")}
        response = web.StreamResponse(status=upstream.status, headers=kept)
        if request.method != "HEAD":
            response.content_length = len(content)
        with suppress(ConnectionError):  # whoever asked has gone
            await response.prepare(request)
            if fault is not None and fault.kind is Kind.CUT:
                await response.write(content[: len(content) // 2])
                return _abort(request)
            await response.write(content)
        return response

    def _struck(self, request: web.Request) -> Fault | None:
        parts = request.path.split("/analysisrequests/", 1)
        if len(parts) == 1:
            return None
        name, _, subresource = parts[1].partition("/")
        fault = self._faults.get(name)
        if fault is None or fault.place is not Place.WRITE or (request.method, subresource) != ("PUT", "status"):
            return None
        return fault if fault.strikes() else None

    async def _before(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Do what happens instead of the call, or before it; None: the call goes on."""
        if fault.kind in self.answers:
            status, document = self.answers[fault.kind]
            headers = {"Retry-After": "1"} if status == 429 else {}
            if isinstance(document, str):
                return web.Response(status=status, text=document, content_type="text/html")
            return web.json_response(document, status=status, headers=headers)
        match fault.kind:
            case Kind.REFUSED | Kind.KILLED_BEFORE:
                await asyncio.to_thread(fault.act, fault.kind)
                return _abort(request)
            case Kind.SLOW | Kind.HANGS:
                await asyncio.sleep(3 if fault.kind is Kind.SLOW else 20)
            case Kind.SUSPENDED:
                await asyncio.to_thread(fault.act, fault.kind)
        return None

    # ---- one watch

    async def _watch(
        self, request: web.Request, status: int, headers: dict[str, str], chunks: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        try:
            async for line in _lines(chunks):
                for outgoing in self._altered(line):
                    if outgoing is None:
                        return _abort(request)
                    await response.write(outgoing)
        except (ClientError, ConnectionError):
            return _abort(request)
        return response

    def _altered(self, line: bytes) -> list[bytes | None]:
        """Return what is sent on instead of one event; None: the connection ends."""
        name = _name(line)
        fault = self._faults.get(name)
        if fault is None or fault.place is not Place.EVENT:
            return [line]
        if fault.held:
            held, fault.held = fault.held, b""
            return [line, held]
        if not fault.strikes():
            return [line]
        if fault.kind is Kind.REORDERED:
            fault.held = line
        return _EVENTS[fault.kind](line)


class S3Proxy(FaultProxy):
    """Forwards to an S3 server. A fault's name is the key of an object, in whatever bucket."""

    hop = _HOP - {"host"}  # it is signed
    answers = MappingProxyType(
        {
            Kind.THROTTLED: (503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"),
            Kind.FAILED: (500, "<Error><Code>InternalError</Code><Message>Please try again.</Message></Error>"),
            Kind.HTML: (200, "<html>sign in to this network</html>"),
        }
    )

    def _struck(self, request: web.Request) -> Fault | None:
        fault = self._faults.get(request.path.rpartition("/")[2])
        if fault is None or fault.place is not {"HEAD": Place.HEAD, "GET": Place.GET}.get(request.method):
            return None
        return fault if fault.strikes() else None


_EVENTS: dict[Kind, Callable[[bytes], list[bytes | None]]] = {
    Kind.DROPPED: lambda _: [],
    Kind.REORDERED: lambda _: [],
    Kind.DOUBLED: lambda line: [line, line],
    Kind.GONE: lambda _: [_error_event(410, "Expired"), None],
    Kind.ERROR: lambda _: [_error_event(500, "InternalError"), None],
    Kind.GARBAGE: lambda _: [b"<html>no JSON</html>\n", None],
    Kind.CUT: lambda _: [None],
}


def _error_event(code: int, reason: str) -> bytes:
    return json.dumps({"type": "ERROR", "object": _status(code, reason)}).encode() + b"\n"


def _name(line: bytes) -> str:
    try:
        document = json.loads(line)["object"]
    except (ValueError, KeyError):
        return ""
    return str(document.get("metadata", {}).get("name", "")) if document.get("kind") == "AnalysisRequest" else ""


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines, each with its end."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"


def _abort(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
