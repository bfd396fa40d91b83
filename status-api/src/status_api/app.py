"""Puts the application together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import PlainTextResponse

from guardian_service import tracing
from guardian_service.body_limit import BodyLimit
from guardian_service.tracing import Tracing
from status_api import page, problems
from status_api.gate import Gate
from status_api.page import SignIn
from status_api.ports import Analyses, Authenticator, Storage
from status_api.rate import RateLimit
from status_api.routes import make_router
from status_api.security_headers import SecurityHeaders
from status_api.settings import Settings
from status_api.wire import Problem

_MOST_BODY_BYTES = 16 * 1024
_TOO_LONG = f"The body is longer than {_MOST_BODY_BYTES:,} bytes. Recordings go to the URL of an upload."
_ABOUT = (
    "Send a recording, follow its analysis, read the verdict. A token's tenant sees its own analyses alone: "
    "another tenant's id answers 404, as an unknown one does. Errors are RFC 9457 problems."
)


async def _ready() -> bool:
    return True


def create_app(
    settings: Settings,
    analyses: Analyses,
    storage: Storage,
    authenticator: Authenticator,
    *,
    sign_in: SignIn | None = None,
    ready: Callable[[], Awaitable[bool]] = _ready,
    lifespan: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    traces: Tracing = tracing.OFF,
) -> FastAPI:
    """Return the application over these adapters.

    Args:
        settings: limits and prefixes.
        analyses: where analyses live.
        storage: makes links to S3.
        authenticator: finds the tenant of a token.
        sign_in: how the page signs people in; without it a token has to be in the link that leads to the page.
        ready: whether the services behind it answer, for /readyz.
        lifespan: what has to be open while the application serves.
        traces: takes the span of each analysis that is asked for.
    """
    app = FastAPI(
        title="Silver Guardian",
        version="1",
        summary="Is this recording real, how sure are we, and where is the evidence?",
        description=_ABOUT,
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        lifespan=lambda _: lifespan(),
    )
    problems.install(app)
    app.include_router(make_router(settings, analyses, storage, traces))
    page.install(app, settings, storage, sign_in)
    _add_probes(app, ready)
    app.add_middleware(BodyLimit, most_bytes=_MOST_BODY_BYTES, too_long=_TOO_LONG, make_problem=problems.problem)
    app.add_middleware(
        Gate, authenticator=authenticator, limit=RateLimit(settings.rate_per_second, settings.rate_burst)
    )
    app.add_middleware(SecurityHeaders)
    _describe(app)
    return app


def _add_probes(app: FastAPI, ready: Callable[[], Awaitable[bool]]) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> PlainTextResponse:
        if await ready():
            return PlainTextResponse("ok")
        return PlainTextResponse("a service that this API depends on does not answer", HTTPStatus.SERVICE_UNAVAILABLE)


def _describe(app: FastAPI) -> None:
    """Make the OpenAPI document describe the real answers: problems, also for requests that are not valid."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            schemas = document["components"]["schemas"]
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem_schema.pop("$defs")
            schemas["Problem"] = problem_schema
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it
