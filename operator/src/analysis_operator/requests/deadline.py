"""The deadline of a whole request, in which waiting counts, too. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from analysis_operator.api import AnalysisRequest, ConditionType

_LOOK_AGAIN = timedelta(minutes=1)


def deadline(request: AnalysisRequest) -> datetime | None:
    """Return when a request has to have ended, by the API server's clock; None: it may take any time."""
    seconds, created = request.spec.deadline_seconds, request.metadata.creation_timestamp
    return None if seconds is None or created is None else created + timedelta(seconds=seconds)


def time_left(request: AnalysisRequest, now: datetime, clock_doubted: bool) -> timedelta | None:
    """Return how long to wait for the deadline, or None without one; zero: it is over.

    While the time is perhaps wrong it is not over: an end cannot be taken back.
    """
    at = deadline(request)
    if at is None:
        return None
    if clock_doubted:
        return _LOOK_AGAIN
    # Never longer than its setting, whatever the clock was when the request was created.
    return min(max(at - now, timedelta(0)), timedelta(seconds=request.spec.deadline_seconds or 0))


def message(request: AnalysisRequest) -> str:
    """Return the sentence for what has no result at the deadline: with what the request waited for, as last written."""
    waited = request.status.condition(ConditionType.SUCCEEDED)
    state = f" It was {waited.reason}: {waited.message}" if waited is not None else ""
    return (
        f"The request did not end within spec.deadlineSeconds ({request.spec.deadline_seconds} s).{state} "
        "Create another request with more time."
    )
