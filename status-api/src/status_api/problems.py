"""Every error is an RFC 9457 problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from status_api.errors import Unavailable
from status_api.wire import Problem

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20
_RETRY_SECONDS = "2"


class ProblemError(HTTPException):
    """Raised by a route: the detail says what to do."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers or {}))


def problem(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, errors: list[dict[str, str]] | None
) -> JSONResponse:
    """Give the response for one problem."""
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    if errors is not None:
        body["errors"] = errors
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(body, status, headers=kept, media_type=MEDIA_TYPE)


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Give the OpenAPI descriptions of these problems."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        {"field": ".".join(map(str, each["loc"]))[:200], "message": str(each["msg"])[:300]}
        for each in error.errors()[:_MOST_ERRORS]
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed(request))) or headers.get("Allow", "")
    return problem(HTTPStatus(error.status_code), str(error.detail), headers=headers, errors=None)


def _allowed(request: Request) -> set[str]:
    """Give the methods that the document has for a path; the framework names those of its first route alone."""
    paths = request.app.openapi()["paths"]
    return {
        method.upper()
        for template, operations in paths.items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), request.url.path)
        for method in operations
    }


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("unavailable", path=request.url.path, error=str(error))
    detail = "The service behind this API does not answer right now. Nothing is lost: try again."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": _RETRY_SECONDS}, errors=None)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", path=request.url.path, exc_info=error)
    detail = "Something went wrong inside this service. Try again; if it stays so, tell whoever runs it."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, errors=None)


SCHEMA = Problem
"""For the OpenAPI document."""
