"""The same analysis as an AWS Lambda function: ``context_analyzer.lambda_handler:handler``.

The event is a job of the contract (``id``, ``source``, ``resultPrefix``, ``deadlineSeconds``), or its ``source`` alone.
The answer is what ends the service's stream: a result, or an error with its kind and reason. It raises only for an
event that is neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import structlog

from analyzer_contract import AnalysisJob, FailureReason, Outcome, Progress
from analyzer_kit.errors import AnalysisError
from analyzer_kit.stages import always
from context_analyzer.backend import ContextBackend
from context_analyzer.settings import ContextSettings
from guardian_service import logs

_RESERVED_SECONDS = 5.0
"""Of the function's time, so that it answers before Lambda ends it."""

_LEAST_SECONDS = 1.0

log = structlog.get_logger(__name__)


class LambdaContext(Protocol):
    """What Lambda tells a function about its invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends it."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Analyse one recording.

    Args:
        event: an AnalysisJob, or a SourceObject.
        context: names the job, if the event does not, and bounds its time.

    Raises:
        pydantic.ValidationError: the event is no job.
    """
    fields = dict(event) if "source" in event else {"source": dict(event)}
    job = AnalysisJob.model_validate({"id": context.aws_request_id, **fields})
    allowed = context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS
    deadline = max(min(job.deadline_seconds, allowed), _LEAST_SECONDS)
    last = asyncio.run(_run(job.model_copy(update={"deadline_seconds": deadline})))
    return last.model_dump(mode="json", by_alias=True, exclude_none=True)


async def _run(job: AnalysisJob) -> Outcome:
    backend = _backend()
    try:
        return await backend.run(job, _drop, always)
    except AnalysisError as error:
        return error.failure(0)
    except Exception as error:
        log.exception("analysis failed", job=job.id)
        wrapped = AnalysisError(FailureReason.INTERNAL_ERROR, f"The analyzer failed: {type(error).__name__}.")
        return wrapped.failure(0)


def _drop(_progress: Progress) -> None:
    """Drop progress: a Lambda function has no stream to send it on."""


@cache
def _backend() -> ContextBackend:
    """Return the one backend for all invocations of an instance: its clients keep their connections."""
    settings = ContextSettings(concurrency=1)
    logs.configure(settings.log_level)
    return ContextBackend(settings)
