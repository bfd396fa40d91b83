"""What a state machine that waits is told, and what follows from its reply. One sentence a row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, ConditionType
from analysis_operator.callbacks.decision import answer_for
from analysis_operator.callbacks.delivery import Answer, AnswerDelivered, AnswerFailed, AnswerRefused, Delivery, Reply
from analysis_operator.requests.actions import CallBack, Notify
from analysis_operator.requests.plan import plan
from analyzer_contract import FailureKind, FailureReason
from tests.support.operator.requests import NOW, failure, observed, request, result, run

TOKEN = "AQCsecret"
WAITED: dict[str, Any] = {"callback": {"taskToken": TOKEN}}


def finished(outcome: Any = None, **spec: Any) -> AnalysisRequest:
    asked = request(**(WAITED | spec))
    status = plan(observed(asked, runs={"audio": run(outcome or result())}), NOW).status
    return asked.model_copy(update={"status": status})


def told(decided: Any) -> tuple[str, str]:
    found = decided.status.condition(ConditionType.CALLBACK_DELIVERED)
    return found.status, found.reason


def test_the_end_is_written_before_anybody_is_told() -> None:
    decided = plan(observed(request(**WAITED), runs={"audio": run(result())}), NOW)
    assert decided.status.finished
    assert told(decided) == ("Unknown", "Pending")
    assert [type(action) for action in decided.actions] == [Notify]
    first = plan(observed(finished()), NOW)
    assert [type(action) for action in first.actions] == [CallBack]
    assert first.status == finished().status, "telling costs no write before it is told"


def test_a_request_without_a_callback_has_no_such_condition() -> None:
    asked = request()
    status = plan(observed(asked, runs={"audio": run(result())}), NOW).status
    assert status.condition(ConditionType.CALLBACK_DELIVERED) is None
    assert plan(observed(asked.model_copy(update={"status": status})), NOW).actions == ()


def test_the_machine_is_told_what_the_status_says() -> None:
    answer = answer_for(finished())
    assert answer.succeeded
    assert json.loads(answer.output) == {
        "verdict": "NoEvidence",
        "score": 3,
        "reason": "Completed",
        "reportURI": None,
        "name": "call",
        "namespace": "default",
        "uid": "uid-1",
    }
    corrupt = answer_for(finished(failure(FailureKind.MEDIA, FailureReason.CORRUPT_MEDIA)))
    assert corrupt == Answer(succeeded=False, error="CorruptMedia", cause="It said CorruptMedia.")
    assert answer_for(request(**WAITED)).error == "Deleted"


REFUSED = AnswerRefused("TaskTimedOut", "No task waits.")
FAILED = AnswerFailed("ThrottlingException", "Slow down.", may_have_arrived=False)
REPLIES: list[tuple[str, Reply, bool, tuple[str, str], list[type]]] = [
    ("a reply that it was taken settles it", AnswerDelivered(), False, ("True", "Delivered"), []),
    ("so it does for an operator that started again", AnswerDelivered(), True, ("True", "Delivered"), []),
    ("a token for which no task waits is named, with an event", REFUSED, False, ("False", "TaskTimedOut"), [Notify]),
    ("unless an earlier answer may have arrived", REFUSED, True, ("True", "AlreadyAnswered"), []),
    (
        "output that is not taken was not taken earlier either",
        AnswerRefused("InvalidOutput", "No.", no_task_waits=False),
        True,
        ("False", "InvalidOutput"),
        [Notify],
    ),
    ("what may pass is tried again after a pause", FAILED, False, ("Unknown", "Retrying"), []),
]


@pytest.mark.parametrize(
    ("reply", "doubtful", "condition", "actions"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES]
)
def test_what_follows_from_a_reply(
    reply: Reply, doubtful: bool, condition: tuple[str, str], actions: list[type]
) -> None:
    delivery = Delivery(attempts=1, doubtful=doubtful, reply=reply, ended_at=NOW)
    decided = plan(replace(observed(finished()), delivery=delivery), NOW)
    assert told(decided) == condition
    assert [type(action) for action in decided.actions] == actions
    assert decided.urgent == (condition[0] != "Unknown")
    assert decided.status.verdict == "NoEvidence"


def test_pauses_grow_and_an_attempt_follows_each() -> None:
    pauses = []
    for attempts in (1, 2, 3, 20):
        delivery = Delivery(attempts=attempts, reply=FAILED, ended_at=NOW)
        decided = plan(replace(observed(finished()), delivery=delivery), NOW)
        assert decided.requeue_after is not None
        pauses.append(decided.requeue_after)
        due = plan(replace(observed(finished()), delivery=delivery), NOW + timedelta(seconds=decided.requeue_after))
        assert [type(action) for action in due.actions] == [CallBack]
    assert pauses == sorted(pauses)
    assert pauses[-1] < 80
    under_way = Delivery(attempts=2, under_way=True, reply=FAILED, ended_at=NOW)
    later = plan(replace(observed(finished()), delivery=under_way), NOW + timedelta(minutes=5))
    assert later.actions == (), "one attempt at a time"


def test_after_an_hour_it_is_given_up_by_the_name_of_what_failed() -> None:
    refused = AnswerFailed("AccessDeniedException", "May the role call it?", may_have_arrived=False)
    delivery = Delivery(attempts=70, reply=refused, ended_at=NOW, first_at=NOW)
    decided = plan(replace(observed(finished()), delivery=delivery), NOW + timedelta(hours=2))
    assert told(decided) == ("False", "AccessDeniedException")
    (event,) = decided.actions
    assert isinstance(event, Notify)
    assert event.reason == "CallbackNotDelivered"
    fresh = plan(observed(finished()), NOW + timedelta(hours=2))
    assert [type(action) for action in fresh.actions] == [CallBack], "an operator that was away tries all the same"


SET: list[tuple[str, timedelta]] = [
    ("back a day", -timedelta(days=1)),
    ("forward an hour", timedelta(hours=1)),
    ("forward eight days", timedelta(days=8)),
]


@pytest.mark.parametrize("by", [row[1] for row in SET], ids=[row[0] for row in SET])
def test_no_callback_is_given_up_while_the_clock_is_doubted_and_none_waits_longer(by: timedelta) -> None:
    delivery = Delivery(attempts=2, reply=FAILED, ended_at=NOW, first_at=NOW)
    doubted = replace(observed(finished()), delivery=delivery, clock_doubted=True)
    decided = plan(doubted, NOW + by)
    assert told(decided) == ("Unknown", "Retrying")
    assert [type(action) for action in decided.actions] == [CallBack], "the pause is over, or says nothing"


def test_a_request_is_not_deleted_by_its_age_while_somebody_waits() -> None:
    old = finished(ttlSecondsAfterFinished=0)
    waiting = plan(observed(old), NOW + timedelta(minutes=1))
    assert [type(action) for action in waiting.actions] == [CallBack]
    assert waiting.status.expires_at is None
    delivery = Delivery(attempts=1, reply=AnswerDelivered(), ended_at=NOW)
    settled = plan(replace(observed(old), delivery=delivery), NOW + timedelta(minutes=1))
    assert settled.actions == ()
    assert settled.status.expires_at == settled.status.finished_at


def test_an_edit_after_the_end_keeps_what_was_told() -> None:
    delivery = Delivery(attempts=1, reply=AnswerDelivered(), ended_at=NOW)
    status = plan(replace(observed(finished()), delivery=delivery), NOW).status
    edited = finished().model_copy(update={"status": status})
    edited = edited.model_copy(update={"metadata": edited.metadata.model_copy(update={"generation": 2})})
    decided = plan(observed(edited), NOW)
    assert told(decided) == ("True", "Delivered")
    assert {found.observed_generation for found in decided.status.conditions} == {2}


def test_no_representation_of_a_request_shows_its_token() -> None:
    asked = request(**WAITED)
    assert TOKEN not in f"{asked!r} {asked}"
