"""Refuses a body that is larger than any request, or never arrives, before it is read into memory."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from status_api.problems import problem

MAX_BODY_BYTES = 16 * 1024
_SECONDS = 10.0
_CLOSE = {"Connection": "close"}
"""The rest of the body is not waited for."""


class BodyLimit:
    """ASGI middleware that reads the body itself, as far as it is willing to, and hands it on whole."""

    def __init__(self, app: ASGIApp, seconds: float = _SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408 instead of the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await _read(receive)
        except TimeoutError:
            detail = f"The body did not arrive within {self._seconds:.0f} s."
            answer = problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers=_CLOSE, errors=None)
            await answer(scope, receive, send)
            return
        except OverflowError:
            detail = f"The body is longer than {MAX_BODY_BYTES:,} bytes. Recordings go to the URL of an upload."
            answer = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers=_CLOSE, errors=None)
            await answer(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    """Give the whole body; None if the client went before its end."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY_BYTES:
            raise OverflowError
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
