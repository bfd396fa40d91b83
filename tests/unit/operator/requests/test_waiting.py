"""What makes a request wait or end by itself: spec.suspend, spec.deadlineSeconds, and a pool that is paused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState, ConditionType
from analysis_operator.requests.actions import Enqueue, Notify, Plan, Stop
from analysis_operator.requests.observation import PoolView
from analysis_operator.requests.plan import plan
from analyzer_contract import FailureKind, FailureReason, Verdict
from tests.support.operator.requests import CREATED, NOW, failure, observed, request, result, run

DONE = {"name": "audio", "state": "Succeeded", "verdict": "NoEvidence", "score": 3}
WAITS = {"name": "video", "state": "Pending"}


def said(decided: Plan) -> tuple[str, str, str]:
    """Return status, reason and message of the condition Succeeded."""
    found = decided.status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    return found.status, found.reason, found.message


def resumed(decided: Plan) -> AnalysisRequest:
    """Return the request with what was written, and suspend set to false."""
    return request().model_copy(update={"status": decided.status})


def test_a_suspended_request_stands_still_and_says_so() -> None:
    decided = plan(observed(request(suspend=True)), NOW)
    assert decided.actions == (Stop("audio"),)
    assert decided.requeue_after is None
    assert decided.parked
    assert said(decided)[:2] == ("Unknown", "Suspended")
    assert "audio" in said(decided)[2]


def test_what_runs_is_stopped_and_begins_anew_without_any_count() -> None:
    decided = plan(observed(request(suspend=True), runs={"audio": run()}), NOW)
    (entry,) = decided.status.analyses
    assert Stop("audio") in decided.actions
    assert (entry.state, entry.attempts, entry.disruptions) == (AnalysisState.PENDING, 0, 0)
    again = plan(observed(resumed(decided)), NOW)
    assert again.actions == (Enqueue("audio", decided.status.source),)
    assert said(again)[1] == "Queued"


def test_what_was_stopped_before_the_status_says_so_was_not_interrupted() -> None:
    asked = request({"analyses": [{"name": "audio", "state": "Running", "pod": "audio-1"}]}, suspend=True)
    (entry,) = plan(observed(asked), NOW).status.analyses
    assert (entry.state, entry.disruptions, entry.reason) == (AnalysisState.PENDING, 0, "")


def test_what_just_ended_counts_though_the_request_is_suspended() -> None:
    verdict = plan(observed(request(suspend=True), runs={"audio": run(result(Verdict.SUSPICIOUS, 70))}), NOW)
    assert said(verdict)[:2] == ("True", "Completed")
    broken = failure(FailureKind.INTERNAL, FailureReason.INTERNAL_ERROR)
    failed = plan(observed(request(suspend=True), runs={"audio": run(broken)}), NOW)
    assert failed.status.analyses[0].attempts == 1
    assert not [action for action in failed.actions if isinstance(action, Stop)], "the write of it records the run"
    assert failed.urgent
    assert not failed.parked


def test_of_two_analyses_the_one_with_a_result_keeps_it() -> None:
    asked = request({"analyses": [DONE, WAITS]}, analyzers=["audio", "video"], suspend=True)
    decided = plan(observed(asked), NOW)
    assert decided.status.analyses[0].verdict is Verdict.NO_EVIDENCE
    assert said(decided)[2].endswith("Not analysed yet: video.")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(suspend=True, cancel=True), "Cancelled"),
        (request(suspend=True, source={"uri": "s3://other/call.wav"}), "SourceForbidden"),
    ],
)
def test_what_can_never_run_ends_though_it_is_suspended(asked: AnalysisRequest, reason: str) -> None:
    assert said(plan(observed(asked), NOW))[:2] == ("False", reason)


def test_a_suspended_request_does_not_fail_for_an_analyzer_that_is_not_there() -> None:
    late = NOW + timedelta(hours=1)
    assert said(plan(observed(request(analyzers=["lips"], suspend=True)), late))[1] == "Suspended"
    assert said(plan(observed(request(analyzers=["lips"])), late))[1] == "AnalyzerNotFound"


OVER = CREATED + timedelta(seconds=60)
CONDITION = {
    "type": "Succeeded",
    "status": "Unknown",
    "reason": "Queued",
    "message": "Waiting for a free slot of audio.",
    "lastTransitionTime": NOW.isoformat(),
}


@pytest.mark.parametrize("more", [{}, {"suspend": True}], ids=["waiting", "suspended"])
def test_waiting_counts_until_the_deadline(more: dict[str, Any]) -> None:
    asked = request({"conditions": [CONDITION]}, deadlineSeconds=60, **more)
    before = plan(observed(asked), OVER - timedelta(seconds=1))
    assert not before.status.finished
    assert before.requeue_after == 1
    ended = plan(observed(asked), OVER)
    assert said(ended)[:2] == ("False", "DeadlineExceeded")
    assert "60 s" in said(ended)[2]
    assert "It was Queued: Waiting for a free slot of audio." in said(ended)[2]
    assert [type(action) for action in ended.actions] == [Notify]


def test_what_still_runs_at_the_deadline_is_stopped_and_what_just_ended_counts() -> None:
    asked = request(deadlineSeconds=60)
    assert Stop("audio") in plan(observed(asked, runs={"audio": run()}), OVER).actions
    assert said(plan(observed(asked, runs={"audio": run(result())}), OVER))[1] == "Completed"


def test_a_verdict_that_is_there_at_the_deadline_is_the_answer() -> None:
    suspicious = DONE | {"verdict": "Suspicious", "score": 70}
    asked = request({"analyses": [suspicious, WAITS]}, analyzers=["audio", "video"], deadlineSeconds=60)
    ended = plan(observed(asked), OVER)
    assert said(ended)[:2] == ("True", "PartiallyCompleted")
    assert "video failed (DeadlineExceeded)" in said(ended)[2]
    assert ended.status.verdict is Verdict.SUSPICIOUS
    nothing_found = request({"analyses": [DONE, WAITS]}, analyzers=["audio", "video"], deadlineSeconds=60)
    assert plan(observed(nothing_found), OVER).status.verdict is Verdict.INCONCLUSIVE


def test_a_clock_that_may_be_wrong_ends_nothing() -> None:
    doubted = replace(observed(request(deadlineSeconds=60)), clock_doubted=True)
    decided = plan(doubted, OVER + timedelta(days=8))
    assert not decided.status.finished
    assert decided.requeue_after == 60


def test_a_clock_that_was_set_back_makes_nobody_look_later_than_the_deadline() -> None:
    assert plan(observed(request(deadlineSeconds=60)), NOW - timedelta(days=1)).requeue_after == 60


def test_what_waits_for_a_paused_pool_says_so_and_stays_queued() -> None:
    pools = {"audio": PoolView(slots=0, paused=True)}
    decided = plan(observed(request(), pools=pools), NOW)
    assert decided.actions == (Enqueue("audio", None),)
    assert said(decided)[1] == "Paused"
    assert "audio begins no analysis while spec.paused" in said(decided)[2]
