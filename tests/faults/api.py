"""The proxy before the API server: it breaks status writes and watch events of one request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from types import MappingProxyType
from typing import Any

from aiohttp import ClientError, ClientResponse, web

from tests.faults.kinds import Fault, Kind, Place
from tests.faults.proxy import HttpProxy, abort


def _status(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": f"the fault matrix says {reason}", "reason": reason, "code": code,
    }  # fmt: skip


class ApiProxy(HttpProxy):
    """Forwards to an API server. A fault's name is that of a request."""

    answers = MappingProxyType(
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

    def struck(self, request: web.Request, body: bytes) -> Fault | None:
        """Return the fault of a status write."""
        parts = request.path.split("/analysisrequests/", 1)
        if len(parts) == 1:
            return None
        name, _, subresource = parts[1].partition("/")
        fault = self.faults.get(name)
        if fault is None or fault.place is not Place.WRITE or (request.method, subresource) != ("PUT", "status"):
            return None
        return fault if fault.strikes() else None

    async def streamed(
        self, request: web.Request, upstream: ClientResponse, headers: dict[str, str]
    ) -> web.StreamResponse | None:
        """Pass on the events of a watch, but for those that a fault strikes."""
        if "watch" not in request.query:
            return None
        response = web.StreamResponse(status=upstream.status, headers=headers)
        await response.prepare(request)
        try:
            async for line in _lines(upstream.content.iter_any()):
                for outgoing in self._altered(line):
                    if outgoing is None:
                        return abort(request)
                    await response.write(outgoing)
        except (ClientError, ConnectionError):
            return abort(request)
        return response

    def _altered(self, line: bytes) -> list[bytes | None]:
        """Return what is sent on instead of one event; None: the connection ends."""
        name = _name(line)
        fault = self.faults.get(name)
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
