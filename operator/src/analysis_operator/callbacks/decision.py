"""Decide about the callback: what the state machine receives, and what follows from its reply. Pure, like `plan`.

The end is written first and sent afterwards: the answer is what the status says. A crash in between loses nothing,
since the condition CallbackDelivered is still Unknown. After a crash between sending and recording, the next operator
sends the answer again, which Step Functions refuses: that counts as delivered, unless this process knows that no
earlier attempt was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis_operator.api import AnalysisRequest, ConditionRow, ConditionState, ConditionType, Metadata
from analysis_operator.callbacks.delivery import (
    Answer,
    AnswerDelivered,
    AnswerFailed,
    AnswerRefused,
    Delivery,
    Reply,
)
from analysis_operator.errors import Reason

PATIENCE = timedelta(hours=1)
"""Failed attempts are repeated for this long after the end, and after this process's first attempt: an operator that
was away for longer still tries. Until then the request's age does not delete it."""
_TYPE = ConditionType.CALLBACK_DELIVERED


@dataclass(frozen=True, slots=True)
class CallbackStep:
    """What to do about a callback that the status does not record as settled.

    Args:
        condition: the condition CallbackDelivered to write.
        answer: what to send now, or None.
        warning: the message of an event to post, or an empty string.
        requeue_after: seconds; None: when the reply comes.
        settled: whether this is the last step.
    """

    condition: ConditionRow
    answer: Answer | None = None
    warning: str = ""
    requeue_after: float | None = None
    settled: bool = False


def is_pending(request: AnalysisRequest) -> bool:
    """Return whether a task waits whose answer is neither delivered nor given up."""
    condition = request.status.condition(_TYPE)
    return request.spec.callback is not None and (condition is None or condition.status == "Unknown")


def conditions_at_end(request: AnalysisRequest) -> list[ConditionRow]:
    """Return the condition that is written with the end, if a task waits."""
    if request.spec.callback is None:
        return []
    return [(_TYPE, "Unknown", Reason.PENDING, "The answer to the state machine is sent next.")]


def answer_for(request: AnalysisRequest) -> Answer:
    """Return the answer about this request; one that has not finished was deleted."""
    meta, status = request.metadata, request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    if not status.finished or succeeded is None:
        cause = f"The AnalysisRequest {meta.namespace}/{meta.name} was deleted before it finished."
        return Answer(succeeded=False, error=Reason.DELETED, cause=cause)
    if succeeded.status != "True":
        return Answer(succeeded=False, error=succeeded.reason, cause=succeeded.message)
    return Answer(succeeded=True, output=json.dumps(facts_of(request)))


def facts_of(request: AnalysisRequest) -> dict[str, str | int | None]:
    """Return what others are told about the end of a request: nothing of what is said or seen in the recording."""
    meta, status = request.metadata, request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    return {
        "verdict": status.verdict,
        "score": status.score,
        "reason": succeeded.reason if succeeded else "",
        "reportURI": status.report_uri,
        **names_of(meta),
    }


def names_of(meta: Metadata) -> dict[str, str]:
    """Return what others know an object by."""
    return {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid}


def next_step(
    request: AnalysisRequest,
    delivery: Delivery,
    pause: Callable[[str, int], timedelta],
    now: datetime,
    clock_doubted: bool = False,
) -> CallbackStep | None:
    """Decide what to do about the callback of a finished request.

    Args:
        request: as last read.
        delivery: what this process knows of earlier attempts.
        pause: the pause after an attempt, from a key and the number of attempts.
        now: the time, in UTC.
        clock_doubted: whether that is perhaps wrong: an hour may be none, and AWS refuses what a wrong clock signs.

    Returns:
        The step, or None if nothing is left to do.
    """
    if not is_pending(request):
        return None
    (condition,) = conditions_at_end(request)
    match delivery.reply:
        case AnswerFailed(code, message) if clock_doubted or now < _patient_until(request, delivery, now):
            condition = (_TYPE, "Unknown", Reason.RETRYING, f"{code}: {message}")
        case AnswerDelivered() | AnswerRefused() | AnswerFailed():
            return _last_step(delivery.reply, doubtful=delivery.doubtful)
    if delivery.under_way:
        return CallbackStep(condition)
    if delivery.ended_at is not None:
        rest = pause(f"{request.metadata.uid}/callback", delivery.attempts)
        left = delivery.ended_at + rest - now
        if timedelta(0) < left <= rest:  # more: the clock was set back
            return CallbackStep(condition, requeue_after=left.total_seconds())
    return CallbackStep(condition, answer=answer_for(request))


def _patient_until(request: AnalysisRequest, delivery: Delivery, now: datetime) -> datetime:
    return max((time for time in (request.status.finished_at, delivery.first_at) if time), default=now) + PATIENCE


def _last_step(reply: Reply, *, doubtful: bool) -> CallbackStep:
    match reply:
        case AnswerDelivered():
            return _settled("True", Reason.DELIVERED, "The state machine took the answer.")
        case AnswerRefused(code, no_task_waits=True) if doubtful:
            message = f"No task waits for this token ({code}): an earlier answer arrived, or the task timed out."
            return _settled("True", Reason.ALREADY_ANSWERED, message)
        case AnswerRefused(code, message):
            return _given_up(code, message)
        case AnswerFailed(code, message):
            return _given_up(code, f"Not delivered within an hour, so no more attempts are made. {message}")


def _settled(status: ConditionState, reason: str, message: str, warning: str = "") -> CallbackStep:
    return CallbackStep((_TYPE, status, reason, message), warning=warning, requeue_after=0.0, settled=True)


def _given_up(code: str, message: str) -> CallbackStep:
    return _settled("False", code, message, warning=f"{code}: {message}")
