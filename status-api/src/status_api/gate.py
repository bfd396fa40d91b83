"""Nothing under /v1 is reached without a tenant: the token is checked before anything else of a request is read."""

from __future__ import annotations

import math
import time
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from status_api.errors import NoTenant, Unauthorised, Unavailable
from status_api.ports import Authenticator
from status_api.problems import problem
from status_api.rate import RateLimit

PREFIX = "/v1/"
_MOST_TOKEN = 8192
_CHALLENGE = 'Bearer realm="silver-guardian"'


class Gate:
    """ASGI middleware: finds the tenant of a bearer token, counts the request, and passes both on.

    Args:
        app: the application behind it; it finds the tenant in ``request.state.tenant``.
        authenticator: finds the tenant of a token.
        limit: counts requests by tenant.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator, limit: RateLimit) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 403, 429 or 503 instead of the application, or let it answer."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        admitted = await self._admit(Headers(scope=scope).get("authorization", ""))
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        scope.setdefault("state", {})["tenant"] = admitted
        await self._app(scope, receive, send)

    async def _admit(self, authorization: str) -> str | Response:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _unauthorised("Send a token: Authorization: Bearer TOKEN.", _CHALLENGE)
        try:
            if len(token) > _MOST_TOKEN:
                raise Unauthorised("The token is too long.")
            tenant = await self._authenticator.tenant_of(token.strip())
        except NoTenant as error:
            return problem(HTTPStatus.FORBIDDEN, str(error))
        except Unauthorised as error:
            return _unauthorised(str(error), f'{_CHALLENGE}, error="invalid_token"')
        except Unavailable:
            detail = "The identity provider does not answer right now. Try again."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "2"})
        wait = self._limit.wait(tenant, time.monotonic())
        return _too_many(wait) if wait > 0 else tenant


def _too_many(wait: float) -> Response:
    seconds = str(max(1, math.ceil(wait)))
    detail = f"Too many requests of this tenant. Try again in {seconds} s."
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": seconds})


def _unauthorised(detail: str, challenge: str) -> Response:
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
