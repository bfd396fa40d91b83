"""A sink for CloudEvents: a real HTTP server that answers as a test says, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http_event


@dataclass(slots=True)
class Received:
    """One call, as the CloudEvents SDK's receiver reads it."""

    message: HTTPMessage
    status: int

    @property
    def event(self) -> BaseCloudEvent:
        """The event that the SDK reads from the call."""
        return from_http_event(self.message)


@dataclass(slots=True)
class Sink:
    """Serves one URL until the end of its block. ``answers``: the next ones; afterwards it says `status`."""

    status: int = 204
    answers: list[int] = field(default_factory=list)
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[Received] = field(default_factory=list)
    on_call: Callable[[], object] = lambda: None
    url: str = ""
    _runner: web.AppRunner | None = None

    @property
    def taken(self) -> list[str]:
        """The ids of the events that it took, each time."""
        return [str(call.event.get_id()) for call in self.calls if call.status < 300]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        message = HTTPMessage({name.lower(): value for name, value in request.headers.items()}, await request.read())
        self.on_call()
        if self.seconds:
            await asyncio.sleep(self.seconds)
        status = self.answers.pop(0) if self.answers else self.status
        self.calls.append(Received(message, status))
        return web.Response(status=status, headers=self.headers)


@contextmanager
def served(sink: Sink) -> Iterator[Sink]:
    """Serve a sink by a thread of its own, for a test that is not asynchronous."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(sink.__aenter__(), loop).result(30)
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(sink.__aexit__(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
