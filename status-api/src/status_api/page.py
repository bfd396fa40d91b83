"""Serves the page: static files and its words, under a policy that lets nothing else run."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from status_api import words
from status_api.errors import Unavailable
from status_api.ports import Storage
from status_api.problems import ProblemError
from status_api.settings import Settings

_NO_CACHE = "no-cache"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the page sends people to sign in (OpenID Connect, authorization code with PKCE)."""

    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    scope: str
    end_session_endpoint: str | None = None


type SignIn = Callable[[], Awaitable[Provider]]
"""Finds the provider; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str


def install(app: FastAPI, settings: Settings, storage: Storage, sign_in: SignIn | None) -> None:
    """Add the page to an application, at / and under /app/."""

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        answer = _serve(request, "index.html")
        answer.headers["Content-Security-Policy"] = _policy(storage.origin, await _provider(sign_in))
        return answer

    @app.get("/app/config.json", include_in_schema=False)
    async def config() -> JSONResponse:
        provider = await _provider(sign_in)
        endpoints = provider and {
            "authorizationEndpoint": provider.authorization_endpoint,
            "tokenEndpoint": provider.token_endpoint,
            "clientId": provider.client_id,
            "scope": provider.scope,
            "endSessionEndpoint": provider.end_session_endpoint,
        }
        # Where people sign in, a link with a token would sign them in as the person who made it.
        content = {"signIn": endpoints, "tokenLinks": sign_in is None, "maxUploadBytes": settings.max_upload_bytes}
        return JSONResponse(content, headers={"Cache-Control": _NO_CACHE})

    @app.get("/app/{name}", include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        return _serve(request, name)


async def _provider(sign_in: SignIn | None) -> Provider | None:
    """Return the provider, or None if it does not answer: the page is served all the same, and says so at a sign-in."""
    try:
        return await sign_in() if sign_in else None
    except Unavailable:
        return None


def _serve(request: Request, name: str) -> Response:
    stored = _files().get(name)
    if stored is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such file.")
    headers = {"ETag": stored.etag, "Cache-Control": _NO_CACHE}
    if request.headers.get("if-none-match") == stored.etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(stored.content, headers=headers, media_type=stored.media_type)


def _policy(storage: str, provider: Provider | None) -> str:
    """Return the policy: scripts and styles from this server; connections to it, the storage and the provider."""
    token = urlsplit(provider.token_endpoint) if provider else None
    connect = ["'self'", storage, *([f"{token.scheme}://{token.netloc}"] if token else [])]
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src {' '.join(connect)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


@cache
def _files() -> dict[str, _File]:
    contents = {file.name: file.read_bytes() for file in files("status_api").joinpath("web").iterdir()}
    contents["index.html"] = words.index(contents["index.html"].decode()).encode()
    contents["words.json"] = words.as_json()
    return {name: _file(name, content) for name, content in contents.items()}


def _file(name: str, content: bytes) -> _File:
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    return _File(content, kind or "application/octet-stream", f'"{hashlib.sha256(content).hexdigest()[:32]}"')
