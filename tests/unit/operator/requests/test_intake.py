"""Which requests are worked on now."""

from __future__ import annotations

from datetime import timedelta
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


def test_a_request_that_is_at_hand_stays_so() -> None:
    intake = Intake(most=1, own=0)
    assert all(intake.takes(asked("first", version=version)) for version in (1, 2, 3))
    intake.done("first")
    assert intake.takes(asked("second"))
