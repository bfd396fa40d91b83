"""One decision about a batch at a time, and what it is made from."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis_operator.api import BATCH_LABEL, AnalysisBatch, BatchCounts, ConditionType, Position
from analysis_operator.batches.actions import Expire, Load, Make, Read, Remove, WritePart
from analysis_operator.batches.child import name_of, read_child, request_of
from analysis_operator.batches.lines import of_failure, schema
from analysis_operator.batches.observation import Observation, Trouble
from analysis_operator.batches.permission import prefixes
from analysis_operator.batches.plan import MOST_PARTS, plan
from analysis_operator.batches.progress import Throughput, estimated_end, percent
from analysis_operator.batches.rows import Page, Row
from analysis_operator.batches.turns import MOST, OWN, at_work
from analysis_operator.batches.work import Work, added
from tests.cluster.paths import repo_root
from tests.support.operator.batches import POLICY, batch, ended

NOW = datetime.now(UTC)
STARTED = {"startedAt": NOW.isoformat(), "resultsURI": "s3://results/default/november/batch-1/"}


def work_of(asked: AnalysisBatch, count: int, *, made: int = 0, done: int = 0, last: bool = True) -> Work:
    """Return the work on one page of keys, of which the first have requests, and the very first of those an outcome."""
    work = Work(asked)
    rows = tuple(Row(f"s3://media/calls/{number:04d}") for number in range(count))
    work.add(Page(rows, Position(after_key=f"calls/{count - 1:04d}"), last), prefixes(asked, POLICY))
    for number, row in enumerate(rows[:made]):
        raw = request_of(asked, name_of(asked, row), row)
        raw["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": "1"}
        work.adopt(read_child(raw | ({"status": ended()} if number < done else {})))
    return work


def seen(asked: AnalysisBatch, work: Work | None = None, **more: Any) -> Observation:
    return Observation(asked, POLICY, work, **more)


def test_no_more_are_made_than_may_run() -> None:
    asked = batch(STARTED, parallelism=4)
    (make,) = plan(seen(asked, work_of(asked, 10, made=3, done=1)), NOW).actions
    assert isinstance(make, Make)
    assert len(make.items) == 2, "two of the three run"
    lower = batch(STARTED, parallelism=1)
    assert plan(seen(lower, work_of(lower, 10, made=3, done=1)), NOW).actions == ()


def test_it_reads_on_before_it_runs_dry_and_not_without_end() -> None:
    asked = batch(STARTED, parallelism=4)
    work = work_of(asked, 5, made=4, done=2, last=False)
    assert Read(work.reached) in plan(seen(asked, work, total=9), NOW).actions
    for number in range(1, MOST_PARTS):
        key = f"calls/9{number}"
        work.add(Page((Row(f"s3://media/{key}"),), Position(after_key=key), last=False), ("s3://media/",))
    assert not [each for each in plan(seen(asked, work, total=9), NOW).actions if isinstance(each, Read)]


@pytest.mark.parametrize("more", [{"has_turn": False}, {"suspend": True}])
def test_without_a_turn_and_suspended_nothing_is_begun_and_what_is_done_is_written(more: dict[str, Any]) -> None:
    asked = batch(STARTED, suspend=more.pop("suspend", False))
    actions = plan(seen(asked, work_of(asked, 3, made=3, done=3, last=False), **more), NOW).actions
    assert [type(each) for each in actions] == [WritePart]


def test_a_part_is_in_the_status_before_its_requests_are_deleted() -> None:
    asked = batch(STARTED)
    work = work_of(asked, 2, made=2, done=2)
    assert [type(each) for each in plan(seen(asked, work), NOW).actions] == [WritePart]
    work.parts[0].written = True
    decided = plan(seen(asked, work), NOW)
    assert decided.urgent
    assert decided.actions == ()
    assert (decided.status.checkpoint.parts, decided.status.checkpoint.counts.no_evidence) == (1, 2)
    after = asked.model_copy(update={"status": decided.status})
    work.settle(after.status)
    (remove,) = plan(seen(after, work), NOW).actions
    assert isinstance(remove, Remove)
    assert len(remove.names) == 2


def test_why_it_stops_is_in_the_status_before_anything_is_stopped() -> None:
    asked = batch(STARTED, cancel=True)
    work = work_of(asked, 4, made=2, done=1)
    decided = plan(seen(asked, work), NOW)
    assert (decided.actions, decided.urgent, decided.status.stop_reason) == ((), True, "Cancelled")
    stopping = asked.model_copy(update={"status": decided.status})
    assert plan(seen(stopping, work), NOW).actions == (Load(),), "one may have been made without an answer"
    work.listed_since_stop = True
    (remove,) = plan(seen(stopping, work), NOW).actions
    assert isinstance(remove, Remove)
    assert remove.unfinished
    assert len(remove.names) == 1


def test_a_deadline_counts_from_the_creation_unless_the_clock_is_doubted() -> None:
    asked = batch(STARTED, deadlineSeconds=60)
    late = datetime.now(UTC) + timedelta(seconds=61)
    observed = seen(asked, work_of(asked, 3))
    assert plan(observed, late).status.stop_reason == "DeadlineExceeded"
    assert not plan(replace(observed, clock_doubted=True), late).status.stop_reason
    assert 0 < (plan(observed, datetime.now(UTC)).requeue_after or 0) <= 60


def test_a_batch_that_never_began_ends_at_once() -> None:
    for asked, reason in (
        (batch(cancel=True), "Cancelled"),
        (batch(analyzers=["audio"], deadlineSeconds=1), "DeadlineExceeded"),
    ):
        status = plan(seen(asked), datetime.now(UTC) + timedelta(seconds=5)).status
        assert status.finished
        failed = status.condition(ConditionType.FAILED)
        assert failed is not None
        assert failed.reason == reason


def test_a_status_stays_small_whatever_is_in_it() -> None:
    long = "통" * 341
    reasons = [{"reason": "R" * 63, "count": 10**9}] * 11
    counts = BatchCounts.model_validate({"failed": 10**9, "reasons": reasons}).model_dump(mode="json", by_alias=True)
    checkpoint = {"parts": 4000, "position": {"afterKey": long}, "counts": counts}
    status = STARTED | {"checkpoint": checkpoint, "failedLines": [{"line": 10**9, "reason": "MalformedLine"}] * 10}
    asked = batch(status)
    trouble = Trouble("SourceUnavailable", f"s3://media/{long} cannot be read now.")
    decided = plan(seen(asked, Work(asked), trouble=trouble), NOW).status
    wire = json.dumps(
        decided.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False, separators=(",", ":")
    )
    assert len(wire.encode()) <= 4096


def test_failures_are_counted_by_a_bounded_number_of_reasons() -> None:
    counts = BatchCounts()
    for number in range(20):
        counts = added(counts, [of_failure(Row(None), f"Reason{number}", "")])
    assert (counts.failed, len(counts.reasons)) == (20, 11)
    assert counts.reasons[-1].reason == "Others"
    assert sum(entry.count for entry in counts.reasons) == 20


def test_a_request_with_our_mark_that_somebody_else_made_is_left_alone() -> None:
    asked = batch(STARTED)
    work = Work(asked)
    raw = request_of(asked, "mine", Row("s3://media/calls/a"))
    assert raw["metadata"]["labels"] == {BATCH_LABEL: "batch-1"}
    work.adopt(read_child(raw))
    assert work.known == {}


def test_an_ended_batch_goes_after_its_time() -> None:
    asked = batch({**STARTED, "finishedAt": NOW.isoformat()}, ttlSecondsAfterFinished=60)
    assert 0 < (plan(seen(asked), NOW).requeue_after or 0) <= 60
    after = NOW + timedelta(seconds=61)
    assert plan(seen(asked), after).actions == (Expire(),)
    assert plan(seen(asked, clock_doubted=True), after).actions == ()


def test_the_oldest_have_their_turn_and_no_namespace_takes_all() -> None:
    def one(number: int, namespace: str, **spec: Any) -> AnalysisBatch:
        made = batch(**spec)
        meta = {"uid": f"u{number}", "namespace": namespace, "creation_timestamp": NOW + timedelta(seconds=number)}
        return made.model_copy(update={"metadata": made.metadata.model_copy(update=meta)})

    greedy = [one(number, "greedy") for number in range(2 * OWN)]
    asleep = one(100, "asleep", suspend=True)
    many = [one(200 + number, f"n{number}") for number in range(2 * MOST)]
    chosen = at_work([*many, asleep, *greedy])
    assert len(chosen) == MOST
    assert {each.metadata.uid for each in greedy} & chosen == {f"u{number}" for number in range(OWN)}
    assert "u100" not in chosen


def test_the_rate_is_of_the_last_minutes_and_the_end_follows_from_it() -> None:
    speed = Throughput()
    assert speed.per_minute(NOW, 0) is None
    for second in range(0, 1200, 5):
        speed.add(NOW + timedelta(seconds=second), second)
    assert speed.per_minute(NOW + timedelta(seconds=1200), 1200) == 60
    end = estimated_end(NOW, 100, 700, 60)
    assert end is not None
    assert timedelta(minutes=10) <= end - NOW <= timedelta(minutes=11)
    assert (percent(10, 10), percent(1, None), percent(50, 100)) == (99, 0, 50)


def test_the_schema_of_the_results_is_the_committed_one() -> None:
    committed = (repo_root() / "docs" / "batch-line.schema.json").read_text()
    assert committed == schema(), "run `make generate` and commit the result"


def test_names_stay_as_they_are() -> None:
    """An operator with other names would make the requests of a batch under way again."""
    row = Row("s3://media/calls/a.wav")
    assert name_of(batch(), row) == "november-fc41656d91d1e639"
    assert name_of(batch(), replace(row, line=3, version_id="v")) != name_of(batch(), replace(row, line=3))
