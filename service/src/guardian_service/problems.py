"""HTTP errors as RFC 9457 problems."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from guardian_service.validation import dotted

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20


class MakeProblem(Protocol):
    """Makes the response for a problem: :func:`problem`, or a service's own around it."""

    def __call__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
    ) -> JSONResponse:
        """Return the response."""


def problem(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> JSONResponse:
    """Return the response for a problem.

    Args:
        status: HTTP status, which also gives the title.
        detail: what happened, and what to do.
        headers: more headers of the response.
        members: extension members (RFC 9457, 3.2).
    """
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **members}
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(
    app: FastAPI,
    make_problem: MakeProblem = problem,
    *,
    field_characters: int | None = None,
    message_characters: int | None = None,
) -> None:
    """Make every invalid request and HTTPException of an application a problem.

    Args:
        app: the application.
        make_problem: makes the responses.
        field_characters: a field's name is cut there, since the client chooses it.
        message_characters: a message about a field is cut there.
    """

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        errors = [
            {
                "field": dotted(item["loc"])[:field_characters],
                "message": str(item["msg"])[:message_characters],
            }
            for item in error.errors()[:_MOST_ERRORS]
        ]
        detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
        return make_problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)

    async def http(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        return make_problem(HTTPStatus(error.status_code), str(error.detail), headers=error.headers)

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
