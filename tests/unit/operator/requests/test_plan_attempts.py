"""The operator's decision when an attempt fails: what is tried again, when, and what is an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState
from analysis_operator.requests.actions import Enqueue
from analysis_operator.requests.observation import PodLost
from analysis_operator.requests.plan import plan
from analyzer_contract import FailureReason, Verdict
from tests.support.operator.requests import (
    INTERNAL,
    NOW,
    SOURCE,
    after,
    failure,
    observed,
    reason,
    request,
    result,
    run,
)

RETRIES = [
    ("a crash of the child", failure(INTERNAL, FailureReason.WORKER_CRASHED)),
    ("a child out of memory", failure(INTERNAL, FailureReason.OUT_OF_MEMORY)),
    ("a fault of the analyzer", failure(INTERNAL, FailureReason.INTERNAL_ERROR)),
]


@pytest.mark.parametrize("outcome", [row[1] for row in RETRIES], ids=[row[0] for row in RETRIES])
def test_a_transient_failure_is_tried_again_after_a_pause_until_the_attempts_are_spent(outcome: Any) -> None:
    first = plan(observed(request(), runs={"audio": run(outcome)}), NOW)
    assert first.urgent, "a restarted operator must not forget a spent attempt"
    assert reason(first.status) == "Retrying"
    entry = first.status.analyses[0]
    assert (entry.attempts, entry.state) == (1, AnalysisState.PENDING)
    assert entry.retry_at is not None
    assert first.requeue_after == pytest.approx(2, rel=0.21)
    assert not [action for action in first.actions if isinstance(action, Enqueue)], "not before the pause is over"

    later = replace(observed(request()), request=request().model_copy(update={"status": first.status}))
    again = plan(later, NOW + timedelta(seconds=3))
    assert Enqueue("audio", None) in again.actions

    spent = first.status.model_copy(update={"analyses": [entry.model_copy(update={"attempts": 2})]})
    asked = request().model_copy(update={"status": spent})
    third = replace(run(outcome), started_at=NOW)
    last = plan(observed(asked, runs={"audio": third}), NOW)
    assert last.status.finished
    assert last.status.analyses[0].attempts == 3
    assert reason(last.status) == str(outcome.reason)


STORAGE = [
    ("results that could not be written", failure(INTERNAL, FailureReason.RESULTS_UNAVAILABLE)),
    ("a store that answers 500", failure(SOURCE, FailureReason.SOURCE_UNAVAILABLE)),
]


def out_of_storage(outcome: Any, minutes: float, *, off: timedelta = timedelta(0)) -> tuple[AnalysisRequest, int]:
    """The request after an outage of so many minutes, each run failing at once, and how many runs there were."""
    asked, now, runs = request(maxAttempts=1), NOW, 0
    while not asked.status.finished and now - NOW <= timedelta(minutes=minutes):
        runs += 1
        failed = replace(run(outcome), started_at=now + off, ended_at=now + off)
        decided = plan(observed(asked, runs={"audio": failed}), now + off)
        assert decided.urgent, "a restarted operator must not forget since when"
        asked = asked.model_copy(update={"status": decided.status})
        now += timedelta(seconds=decided.requeue_after or 0)
    return asked, runs


@pytest.mark.parametrize("outcome", [row[1] for row in STORAGE], ids=[row[0] for row in STORAGE])
def test_an_outage_of_storage_spends_no_attempt_for_ten_minutes(outcome: Any) -> None:
    asked, runs = out_of_storage(outcome, 9)
    entry = asked.status.analyses[0]
    assert (entry.attempts, entry.state, entry.storage_fails_since) == (0, AnalysisState.PENDING, NOW)
    assert reason(asked.status) == "Retrying"
    assert runs < 20, "S3 is not hammered"

    back = plan(observed(asked, runs={"audio": run(result())}), NOW + timedelta(minutes=9))
    assert back.status.verdict == Verdict.NO_EVIDENCE
    assert back.status.analyses[0].storage_fails_since is None

    ended, _ = out_of_storage(outcome, 20)
    assert (reason(ended.status), ended.status.analyses[0].attempts) == (str(outcome.reason), 1)


@pytest.mark.parametrize("outcome", [row[1] for row in STORAGE], ids=[row[0] for row in STORAGE])
def test_a_run_that_took_as_long_as_the_patience_is_an_attempt(outcome: Any) -> None:
    long = replace(run(outcome), started_at=NOW - timedelta(minutes=11))
    assert plan(observed(request(), runs={"audio": long}), NOW).status.analyses[0].attempts == 1


def test_the_pause_doubles_and_is_bounded() -> None:
    crash = failure(INTERNAL, FailureReason.WORKER_CRASHED)
    pauses = []
    for attempts in range(9):
        entry = {"name": "audio", "state": "Pending", "attempts": attempts}
        asked = request({"analyses": [entry]}, maxAttempts=10)
        pauses.append(plan(observed(asked, runs={"audio": run(crash)}), NOW).requeue_after or 0)
    assert pauses[1] > pauses[0]
    assert pauses[2] > pauses[1]
    assert max(pauses) <= 60 * 1.2


def test_a_lost_pod_spends_no_attempt_and_is_planned_again_at_once() -> None:
    decided = plan(observed(request(), runs={"audio": run(PodLost("Connection reset."))}), NOW)
    entry = decided.status.analyses[0]
    assert (entry.attempts, entry.disruptions, entry.state) == (0, 1, AnalysisState.PENDING)
    assert Enqueue("audio", None) in decided.actions
    assert decided.urgent


def test_pods_lost_without_end_end_the_request() -> None:
    asked = request({"analyses": [{"name": "audio", "state": "Pending", "disruptions": 20}]})
    decided = plan(observed(asked, runs={"audio": run(PodLost("Connection reset."))}), NOW)
    assert decided.status.finished
    assert reason(decided.status) == "TooManyDisruptions"


def test_work_that_another_operator_started_goes_on_where_it_was() -> None:
    left = request({"analyses": [{"name": "audio", "state": "Running", "progress": 60, "pod": "audio-9"}]})
    decided = plan(observed(left), NOW)
    assert Enqueue("audio", None, resume_on="audio-9") in decided.actions
    (entry,) = decided.status.analyses
    assert (entry.attempts, entry.disruptions, entry.reason) == (0, 1, "Interrupted")
    assert (
        Enqueue("audio", None, resume_on="audio-9")
        in plan(observed(left.model_copy(update={"status": decided.status})), NOW).actions
    )


def test_an_operator_that_ends_again_and_again_does_not_begin_the_work_for_ever() -> None:
    left = request({"analyses": [{"name": "audio", "state": "Running", "pod": "audio-9", "disruptions": 20}]})
    ended = plan(observed(left), NOW).status.analyses[0]
    assert (ended.state, ended.reason) == ("Failed", "TooManyDisruptions")


def test_the_second_attempt_is_pinned_to_the_object_of_the_first() -> None:
    asked = request({"source": {"etag": "e1", "sizeBytes": 1}})
    (action,) = plan(observed(asked), NOW).actions
    assert isinstance(action, Enqueue)
    assert action.source is not None
    assert action.source.etag == "e1"


SET: list[tuple[str, timedelta]] = [
    ("back a day", -timedelta(days=1)),
    ("forward an hour", timedelta(hours=1)),
    ("forward eight days", timedelta(days=8)),
]


@pytest.mark.parametrize("by", [row[1] for row in SET], ids=[row[0] for row in SET])
def test_a_clock_that_is_set_makes_no_wait_longer(by: timedelta) -> None:
    crash = failure(INTERNAL, FailureReason.WORKER_CRASHED)
    retrying = after(observed(request(), runs={"audio": run(crash)}))
    retried = plan(retrying, NOW + by)
    assert retried.requeue_after is None
    assert Enqueue("audio", None) in retried.actions, "the pause before an attempt is over, or says nothing"

    missing = replace(observed(request(), pools={}), missing_since={"audio": NOW})
    waiting = plan(missing, NOW + by)
    assert waiting.status.finished or (waiting.requeue_after or 0) <= missing.policy.missing_analyzer_seconds
