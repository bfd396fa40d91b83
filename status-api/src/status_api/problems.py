"""Every error is an RFC 9457 problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from guardian_service import problems
from status_api.errors import Unavailable

log = structlog.get_logger(__name__)

_FIELD_CHARACTERS = 200
_MESSAGE_CHARACTERS = 300
_RETRY_SECONDS = "2"


class ProblemError(HTTPException):
    """Raised by a route: the detail says what to do."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers or {}))


def problem(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> JSONResponse:
    """Return the response for a problem, which nothing may store."""
    return problems.problem(status, detail, headers={"Cache-Control": "no-store", **(headers or {})}, **members)


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of these problems."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    problems.install(app, problem, field_characters=_FIELD_CHARACTERS, message_characters=_MESSAGE_CHARACTERS)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed(request))) or headers.get("Allow", "")
    return problem(HTTPStatus(error.status_code), str(error.detail), headers=headers)


def _allowed(request: Request) -> set[str]:
    """Return the methods that the document has for a path; the framework names only those of its first route."""
    paths = request.app.openapi()["paths"]
    return {
        method.upper()
        for template, operations in paths.items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), request.url.path)
        for method in operations
    }


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("unavailable", path=request.url.path, error=str(error))
    detail = "A service that this API depends on does not answer right now. Nothing is lost: try again."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": _RETRY_SECONDS})


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", path=request.url.path, exc_info=error)
    detail = "This service failed unexpectedly. Try again; if it fails again, tell its administrator."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
