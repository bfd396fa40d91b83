"""Errors before a stream starts, as RFC 9457 problems."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from analyzer_contract import Failure, FailureKind, FailureReason

MEDIA_TYPE = "application/problem+json"
SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "kind": {"type": "string", "enum": [kind.value for kind in FailureKind]},
        "reason": {"type": "string", "enum": [reason.value for reason in FailureReason]},
        "seconds": {"type": "number"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail"],
}
"""For the OpenAPI document; kind and reason are there once an analysis was begun."""

_MOST_ERRORS = 20

_SOURCE_STATUS = {
    FailureReason.SOURCE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    FailureReason.SOURCE_FORBIDDEN: HTTPStatus.FORBIDDEN,
    FailureReason.SOURCE_CHANGED: HTTPStatus.CONFLICT,
    FailureReason.SOURCE_UNAVAILABLE: HTTPStatus.BAD_GATEWAY,
}
_KIND_STATUS = {
    FailureKind.MEDIA: HTTPStatus.UNPROCESSABLE_ENTITY,
    FailureKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    FailureKind.DEADLINE: HTTPStatus.GATEWAY_TIMEOUT,
}


def problem(
    status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None, **members: object
) -> JSONResponse:
    """An RFC 9457 problem; ``members`` are its extension members."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **members}
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def failure_problem(failure: Failure) -> JSONResponse:
    """A failure for a client that asked for one plain answer; ``kind`` and ``reason`` as in the stream."""
    status = _SOURCE_STATUS.get(failure.reason) or _KIND_STATUS[failure.kind]
    return problem(status, failure.message, kind=failure.kind, reason=failure.reason, seconds=failure.seconds)


def install(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        {"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()[:_MOST_ERRORS]
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    return problem(status, str(error.detail), headers=dict(error.headers or {}))
