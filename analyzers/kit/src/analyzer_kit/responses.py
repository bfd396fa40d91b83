"""Answers that follow an analysis, and leave it as soon as the client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing

from fastapi import Response
from starlette.types import Receive, Scope, Send

from analyzer_contract import MEDIA_TYPE_STREAM, Outcome, Progress
from analyzer_kit.work import Work


class StreamedAnswer(Response):
    """Every event as a line of JSON, as it comes."""

    def __init__(self, work: Work) -> None:
        super().__init__(media_type=MEDIA_TYPE_STREAM)
        self._work = work
        self._client = work.attach()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Write the lines until the last one, or until the client has gone."""
        try:
            await _until_disconnect(self._write(send), receive)
        finally:
            await self._work.detach(self._client)

    async def _write(self, send: Send) -> None:
        headers = [
            (b"content-type", MEDIA_TYPE_STREAM.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # an nginx on the way would collect the lines
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with aclosing(self._work.events(self._client)) as events:
            async for event in events:
                line = event.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class PlainAnswer(Response):
    """Only the last event, once it is there."""

    def __init__(self, work: Work, render: Callable[[Outcome], Response]) -> None:
        super().__init__()
        self._work = work
        self._client = work.attach()
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the last event and write it, unless the client has gone."""
        try:
            await _until_disconnect(self._write(scope, receive, send), receive)
        finally:
            await self._work.detach(self._client)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._work.events(self._client)) as events:
            async for event in events:
                if not isinstance(event, Progress):
                    await self._render(event)(scope, receive, send)


async def _until_disconnect(answer: Coroutine[object, object, None], receive: Receive) -> None:
    writing = asyncio.create_task(answer)
    watching = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({writing, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watching.cancel()
        abandoned = not writing.done()
        writing.cancel()
        (outcome,) = await asyncio.gather(writing, return_exceptions=True)
    # A failure of an answer whose client has gone is no error.
    if not abandoned and isinstance(outcome, Exception) and not isinstance(outcome, OSError):
        raise outcome


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
