"""Which requests are worked on now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from analysis_operator.api import AnalysisRequest
from analysis_operator.requests.intake import Intake
from tests.support.operator.requests import NOW, request


def asked(uid: str, namespace: str = "a", *, version: int = 1, age: int = 0, **spec: Any) -> AnalysisRequest:
    made = request(namespace=namespace, **spec)
    meta = {"uid": uid, "resource_version": str(version), "creation_timestamp": NOW - timedelta(seconds=age)}
    return made.model_copy(update={"metadata": made.metadata.model_copy(update=meta)})


def drained(intake: Intake) -> list[str]:
    order = []
    while (following := intake.following()) is not None:
        intake.take(following)
        order.append(following.metadata.uid)
        intake.done(following.metadata.uid)
    return order


def test_a_namespace_always_gets_its_own_whatever_others_have() -> None:
    intake = Intake(most=3, own=2)
    assert [intake.takes(asked(f"a{n}")) for n in range(5)] == [True] * 3 + [False] * 2
    assert [intake.takes(asked(f"b{n}", "b")) for n in range(3)] == [True, True, False]
    assert set(intake.versions()) == {"a3", "a4", "b2"}
    intake.done("b0")
    following = intake.following()
    assert following is not None
    assert following.metadata.uid == "b2"


def test_priority_goes_before_age_and_an_edit_counts() -> None:
    intake = Intake(most=1, own=0)
    assert intake.takes(asked("first"))
    for other in (asked("young", age=1), asked("old", age=9), asked("late", age=5, priority=3)):
        assert not intake.takes(other)
    assert not intake.takes(asked("young", version=2, age=1, priority=9))
    assert not intake.takes(asked("young", version=1, age=1)), "an older version changes nothing"
    intake.done("first")
    assert drained(intake) == ["young", "late", "old"]


def test_what_ends_is_taken_at_once_and_what_is_gone_is_not_offered() -> None:
    intake = Intake(most=1, own=0)
    intake.takes(asked("first"))
    intake.takes(asked("second"))
    intake.takes(asked("third"))
    assert intake.takes(asked("second", version=2, cancel=True)), "nobody waits to cancel"
    intake.done("third")
    intake.done("first")
    intake.done("second")
    assert intake.following() is None
    assert intake.versions() == {}


def test_a_suspended_request_holds_no_place_and_comes_back_when_it_is_changed() -> None:
    intake = Intake(most=1, own=0)
    suspended = asked("first", suspend=True)
    assert intake.takes(suspended), "its status has to say so"
    intake.park(suspended)
    assert intake.takes(asked("second"))
    assert intake.following() is None
    assert set(intake.versions()) == {"first"}
    assert not intake.takes(suspended), "the watch repeats what is known"
    assert not intake.takes(asked("first", version=2)), "there is no room"
    intake.done("second")
    assert drained(intake) == ["first"]


def test_a_parked_request_is_not_taken_by_a_place_that_it_had_before() -> None:
    intake = Intake(most=1, own=0)
    assert intake.takes(asked("other"))
    assert not intake.takes(asked("first", suspend=True))
    intake.done("other")
    following = intake.following()
    assert following is not None
    intake.take(following)
    intake.park(following)
    assert intake.following() is None
    intake.done("first")
    assert intake.versions() == {}


def test_what_waits_outside_is_taken_at_its_deadline_whether_or_not_there_is_room() -> None:
    intake = Intake(most=1, own=0)
    assert intake.takes(asked("other"))
    assert not intake.takes(asked("late", deadlineSeconds=60))
    assert not intake.takes(asked("gone", deadlineSeconds=30))
    parked = asked("parked", deadlineSeconds=90, suspend=True)
    intake.park(parked)
    intake.done("gone")
    assert intake.overdue(NOW + timedelta(seconds=59)) is None
    assert overdue(intake, NOW + timedelta(seconds=60)) == ["late"]
    assert overdue(intake, NOW + timedelta(days=1)) == ["parked"]


def overdue(intake: Intake, now: datetime) -> list[str]:
    taken = []
    while (request := intake.overdue(now)) is not None:
        intake.take(request)
        taken.append(request.metadata.uid)
    return taken


def test_a_request_that_is_at_hand_stays_so() -> None:
    intake = Intake(most=1, own=0)
    assert all(intake.takes(asked("first", version=version)) for version in (1, 2, 3))
    intake.done("first")
    assert intake.takes(asked("second"))
