"""The callback: what the state machine is told, and what follows from its reply. Pure, like all of `plan`.

The end is written first, then told: what is told is what the status says, for ever. A crash in between loses nothing,
since the condition CallbackDelivered is still Unknown. After a crash behind the telling the next operator tells it
again, which Step Functions refuses: that counts as delivered, unless this process knows that nobody told it before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis_operator.api import AnalysisRequest, Condition, ConditionType
from analysis_operator.errors import Reason
from analysis_operator.requests import conditions
from analysis_operator.requests.actions import Action, Answer, CallBack, Notify
from analysis_operator.requests.observation import (
    AnswerDelivered,
    AnswerFailed,
    AnswerRefused,
    Delivery,
    Observation,
    Reply,
)
from analysis_operator.requests.retry import backoff

PATIENCE = timedelta(hours=1)
"""So long after the end an answer that is not taken is given up; the request's age does not delete it before."""
Wanted = tuple[ConditionType, conditions.State, str, str]
_TYPE = ConditionType.CALLBACK_DELIVERED


@dataclass(frozen=True, slots=True)
class Step:
    """What to do about a callback that is not settled. ``look_again`` is in seconds; None: when the reply comes."""

    condition: Wanted
    actions: tuple[Action, ...] = ()
    look_again: float | None = None
    settled: bool = False


def pending(request: AnalysisRequest) -> bool:
    """Whether somebody waits who has neither been told, nor been given up."""
    found = request.status.condition(_TYPE)
    return request.spec.callback is not None and (found is None or found.status == "Unknown")


def at_the_end(request: AnalysisRequest) -> list[Wanted]:
    """Give the condition that is written with the end, if somebody waits."""
    if request.spec.callback is None:
        return []
    return [(_TYPE, "Unknown", Reason.PENDING, "The state machine is told next.")]


def answer(request: AnalysisRequest) -> Answer:
    """Give what the state machine is told of this request; one that is not finished was deleted."""
    meta, status = request.metadata, request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    if not status.finished or succeeded is None:
        told = f"The AnalysisRequest {meta.namespace}/{meta.name} was deleted before it finished."
        return Answer(succeeded=False, error=Reason.DELETED, cause=told)
    if succeeded.status != "True":
        return Answer(succeeded=False, error=succeeded.reason, cause=succeeded.message)
    output = {
        "verdict": status.verdict,
        "score": status.score,
        "reason": succeeded.reason,
        "reportURI": status.report_uri,
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
    }
    return Answer(succeeded=True, output=json.dumps(output))


def step(observed: Observation, now: datetime) -> Step | None:
    """Decide what to do about the callback of a finished request; None if nothing is left to do."""
    request, delivery = observed.request, observed.delivery or Delivery()
    if not pending(request):
        return None
    (wanted,) = at_the_end(request)
    match delivery.reply:
        case AnswerFailed(code, message) if now < (request.status.finished_at or now) + PATIENCE:
            wanted = (_TYPE, "Unknown", Reason.RETRYING, f"{code}: {message}")
        case AnswerDelivered() | AnswerRefused() | AnswerFailed():
            return _last(delivery.reply, doubtful=delivery.doubtful)
    return _waiting(observed, delivery, wanted, now)


def replaced(listed: Iterable[Condition], wanted: Wanted, generation: int, now: datetime) -> list[Condition]:
    """Give the conditions with the callback's among them."""
    before = list(listed)
    others = [found for found in before if found.type is not _TYPE]
    return [*others, *conditions.updated(before, [wanted], generation=generation, now=now)]


def _last(reply: Reply, *, doubtful: bool) -> Step:
    match reply:
        case AnswerDelivered():
            return _settled("True", Reason.DELIVERED, "The state machine was told.")
        case AnswerRefused(code, nobody_waits=True) if doubtful:
            message = f"Nobody waits for this token any more ({code}): an earlier answer arrived, or its time was over."
            return _settled("True", Reason.ALREADY_ANSWERED, message)
        case AnswerRefused(code, message):
            return _given_up(code, message)
        case AnswerFailed(code, message):
            return _given_up(code, f"Given up after an hour. {message}")


def _waiting(observed: Observation, delivery: Delivery, wanted: Wanted, now: datetime) -> Step:
    if delivery.under_way:
        return Step(wanted)
    if delivery.ended_at is not None:
        policy = observed.policy
        key = f"{observed.request.metadata.uid}/callback"
        pause = backoff(key, delivery.attempts, base=policy.retry_base_seconds, cap=policy.retry_cap_seconds)
        left = (delivery.ended_at + pause - now).total_seconds()
        if left > 0:
            return Step(wanted, look_again=left)
    return Step(wanted, (CallBack(answer(observed.request)),))


def _settled(status: conditions.State, reason: str, message: str) -> Step:
    return Step((_TYPE, status, reason, message), look_again=0.0, settled=True)


def _given_up(code: str, message: str) -> Step:
    told = Notify("Warning", Reason.CALLBACK_NOT_DELIVERED, f"{code}: {message}")
    return Step((_TYPE, "False", code, message), (told,), look_again=0.0, settled=True)
