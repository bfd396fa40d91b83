"""Failures of analyses as RFC 9457 problems, for clients that want one plain answer instead of a stream."""

from __future__ import annotations

from http import HTTPStatus

from fastapi.responses import JSONResponse

from analyzer_contract import Failure, FailureKind, FailureReason
from guardian_service.problems import problem

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
"""For the OpenAPI document. ``kind`` and ``reason`` are present once an analysis has begun."""

_SOURCE_STATUS = {
    FailureReason.SOURCE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    FailureReason.SOURCE_FORBIDDEN: HTTPStatus.FORBIDDEN,
    FailureReason.SOURCE_CHANGED: HTTPStatus.CONFLICT,
    FailureReason.SOURCE_MISMATCH: HTTPStatus.CONFLICT,
    FailureReason.SOURCE_UNAVAILABLE: HTTPStatus.BAD_GATEWAY,
}
_KIND_STATUS = {
    FailureKind.MEDIA: HTTPStatus.UNPROCESSABLE_ENTITY,
    FailureKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    FailureKind.DEADLINE: HTTPStatus.GATEWAY_TIMEOUT,
}


def failure_problem(failure: Failure) -> JSONResponse:
    """Return the problem for a failure, with the stream's ``kind``, ``reason`` and ``seconds``."""
    status = _SOURCE_STATUS.get(failure.reason) or _KIND_STATUS[failure.kind]
    return problem(status, failure.message, kind=failure.kind, reason=failure.reason, seconds=failure.seconds)
