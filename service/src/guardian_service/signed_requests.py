"""Refuses requests that somebody other than the operator of the same installation has sent."""

from __future__ import annotations

import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guardian_service.problems import problem
from guardian_service.signatures import AUTHORIZATION, PROOF, SecretFile, verified

_READING = {"GET", "HEAD", "OPTIONS"}
_WRONG = "Only the operator of this installation may ask for an analysis: the signature is missing or wrong."
_UNKNOWN = (
    "This service has no secret to know its callers by. Set GUARDIAN_SECRET_FILE, or let it listen on the loopback "
    "address alone (GUARDIAN_HOST)."
)
_CHALLENGE = {"WWW-Authenticate": "Guardian-HMAC-SHA256"}


class SignedRequests:
    """ASGI middleware: whatever is more than reading needs a signature; the answer carries the proof.

    It belongs below :class:`guardian_service.body_limit.BodyLimit`, which passes a body on whole.

    Args:
        app: what it protects.
        secrets: of the installation; without any, no one may ask.
    """

    def __init__(self, app: ASGIApp, *, secrets: SecretFile | None) -> None:
        self._app = app
        self._secrets = secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 instead of the application, or let it answer."""
        if scope["type"] != "http" or scope["method"] in _READING:
            await self._app(scope, receive, send)
            return
        first = await receive()
        header = Headers(scope=scope).get(AUTHORIZATION, "")
        accepted = self._secrets.read() if self._secrets else []
        signature = verified(header, first.get("body", b""), accepted, time.time())
        if signature is None:
            detail = _WRONG if accepted else _UNKNOWN
            await problem(HTTPStatus.UNAUTHORIZED, detail, headers=_CHALLENGE)(scope, receive, send)
            return
        waiting = [first]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        async def proving(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append(PROOF, signature.proof)
            await send(message)

        await self._app(scope, replay, proving)
