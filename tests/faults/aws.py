"""The proxies before S3, which analyzers call, and before Step Functions, which the operator calls."""

from __future__ import annotations

import asyncio
import json
from types import MappingProxyType

from aiohttp import web

from tests.faults.kinds import CLOCKS, Fault, Kind, Place
from tests.faults.proxy import HOP, HttpProxy, abort

_SIGNED = HOP - {"host"}


class S3Proxy(HttpProxy):
    """Forwards to an S3 server. A fault's name is the key of an object, in whatever bucket."""

    hop = _SIGNED
    answers = MappingProxyType(
        {
            Kind.THROTTLED: (503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"),
            Kind.FAILED: (500, "<Error><Code>InternalError</Code><Message>Please try again.</Message></Error>"),
            Kind.HTML: (200, "<html>sign in to this network</html>"),
        }
    )

    def struck(self, request: web.Request, body: bytes) -> Fault | None:
        """Return the fault of a read."""
        fault = self.faults.get(request.path.rpartition("/")[2])
        if fault is None or fault.place is not {"HEAD": Place.HEAD, "GET": Place.GET}.get(request.method):
            return None
        return fault if fault.strikes() else None


class StepFunctionsProxy(HttpProxy):
    """Forwards to Step Functions. A fault's name is that of the request whose token is answered."""

    hop = _SIGNED
    answers = MappingProxyType(
        {
            Kind.THROTTLED: (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
            Kind.FAILED: (500, {"__type": "InternalFailure", "message": "Please try again."}),
            Kind.TIMED_OUT: (400, {"__type": "TaskTimedOut", "message": "Task Timed Out"}),
            Kind.HTML: (200, "<html>sign in to this network</html>"),
        }
    )

    def struck(self, request: web.Request, body: bytes) -> Fault | None:
        """Return the fault of an answer."""
        fault = self.faults.get(str(json.loads(body).get("taskToken")).removeprefix(token_of("")))
        return fault if fault is not None and fault.place is Place.ANSWER and fault.strikes() else None

    async def before(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Refuse the call whose time the clock is set at: what follows is the wait for the next attempt."""
        if fault.kind in CLOCKS:
            await asyncio.to_thread(fault.act, fault.kind)
            return abort(request)
        return await super().before(fault, request)


def token_of(name: str) -> str:
    """Return the token of a request's task."""
    return f"token-of-{name}"
