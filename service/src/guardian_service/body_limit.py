"""Refuses requests whose body is too large, or never arrives, before the application reads it into memory."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guardian_service.problems import MakeProblem, problem

_BODY_SECONDS = 10.0
_CLOSE = {"Connection": "close"}
"""The service does not read the rest of the body."""


class BodyLimit:
    """ASGI middleware that reads the body itself, up to a limit, and passes it on whole.

    Args:
        app: what it protects.
        most_bytes: a longer body is refused with 413.
        too_long: the problem's detail for a longer one.
        seconds: a body that takes longer is refused with 408.
        make_problem: makes the responses.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int,
        too_long: str,
        seconds: float = _BODY_SECONDS,
        make_problem: MakeProblem = problem,
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._too_long = too_long
        self._seconds = seconds
        self._make_problem = make_problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408 instead of the application, or let it answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(receive)
        except TimeoutError:
            detail = f"The body did not arrive within {self._seconds:.0f} s."
            refusal = self._make_problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers=_CLOSE)
            await refusal(scope, receive, send)
            return
        except OverflowError:
            refusal = self._make_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long, headers=_CLOSE)
            await refusal(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the whole body; None if the client disconnects before its end."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._most_bytes:
                raise OverflowError
        return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
