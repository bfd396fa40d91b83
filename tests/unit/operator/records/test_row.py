"""Which row follows from a request, and what waits to be written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest
from analysis_operator.records.outbox import Outbox
from analysis_operator.records.row import row_of
from analysis_operator.requests.plan import plan
from analyzer_contract import FailureKind, FailureReason, Verdict
from tests.support.operator.requests import CREATED, NOW, failure, observed, request, result, run

LATER = NOW + timedelta(minutes=5)


def planned(outcome: Any = None, **spec: Any) -> AnalysisRequest:
    """A request with the status that follows from one run."""
    asked = request(**spec)
    status = plan(observed(asked, runs={"audio": run(outcome)} if outcome else {}), NOW).status
    return asked.model_copy(update={"status": status})


CORRUPT = failure(FailureKind.MEDIA, FailureReason.CORRUPT_MEDIA)
ROWS: list[tuple[str, AnalysisRequest, dict[str, Any]]] = [
    (
        "a request that no operator has observed is pending since it was seen",
        request(),
        {"reason": "Pending", "verdict": None, "progress": 0, "finished_at": None, "changed_at": LATER},
    ),
    ("one that waits says so", planned(), {"reason": "Queued", "verdict": None, "created_at": CREATED}),
    (
        "a verdict brings its score and the time of its end",
        planned(result(Verdict.SUSPICIOUS, 85)),
        {
            "reason": "Completed",
            "verdict": "Suspicious",
            "score": 85,
            "progress": 100,
            "finished_at": NOW,
            "changed_at": NOW,
        },
    ),
    ("a failure has a reason and no verdict", planned(CORRUPT), {"reason": "CorruptMedia", "verdict": None}),
    ("priority and source are those of the spec", planned(priority=7), {"priority": 7, "name": "call"}),
]


@pytest.mark.parametrize(("asked", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_row_says_what_the_request_says(asked: AnalysisRequest, expected: dict[str, Any]) -> None:
    row = row_of(asked, LATER)
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.resource_version == 7
    assert row.status == asked.status.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_the_task_token_is_in_no_row() -> None:
    row = row_of(planned(result(), callback={"taskToken": "AQCsecret"}), LATER)
    assert "AQCsecret" not in repr(row)
    assert row.spec["source"] == {"uri": "s3://media/call.wav"}


def numbered(number: int, version: int = 1) -> AnalysisRequest:
    asked = request()
    meta = {"uid": f"uid-{number}", "resource_version": str(version)}
    return asked.model_copy(update={"metadata": asked.metadata.model_copy(update=meta)})


def test_the_newest_state_of_each_request_waits_in_the_place_of_the_oldest() -> None:
    box = Outbox()
    for version in (1, 2, 3):
        for number in (1, 2):
            box.offer(numbered(number, version), NOW + timedelta(seconds=version))
    assert len(box) == 2
    assert box.lag(NOW + timedelta(seconds=11)) == 10
    first, second = box.take(5)
    assert (first.uid, second.uid) == ("uid-1", "uid-2")
    assert first.request is not None
    assert first.request.metadata.resource_version == "3"
    assert (len(box), box.lag(NOW + timedelta(seconds=11))) == (2, 10), "until they are written they are waiting"
    box.written()
    assert (len(box), box.lag(NOW)) == (0, 0)


def test_what_could_not_be_written_goes_first_and_does_not_replace_what_is_newer() -> None:
    box = Outbox()
    box.offer(numbered(1, 1), NOW)
    box.deleted("uid-2", NOW)
    box.take(2)
    box.offer(numbered(3), LATER)
    box.offer(numbered(1, 2), LATER)
    box.deleted("uid-1", LATER)
    box.give_back()
    again = box.take(3)
    assert [record.uid for record in again] == ["uid-1", "uid-2", "uid-3"]
    assert again[0].request is not None
    assert again[0].request.metadata.resource_version == "2"
    assert (again[0].since, again[0].deleted_at, again[1].deleted_at) == (NOW, LATER, NOW)


def test_a_database_that_stays_away_costs_no_more_memory_than_there_are_requests_and_some_deleted_ones() -> None:
    box = Outbox(keep_deleted=3)
    given_up = 0
    for number in range(10):
        box.offer(numbered(number), NOW)
        given_up += box.deleted(f"uid-{number}", NOW)
    box.offer(numbered(99), NOW)
    assert given_up == 7
    box.take(2)
    box.give_back()
    assert [record.uid for record in box.take(100)] == ["uid-7", "uid-8", "uid-9", "uid-99"]
    assert box.deleted("uid-1", NOW) == 0


def test_of_states_that_do_not_fit_the_uid_is_kept() -> None:
    box = Outbox(keep_states=2)
    for number in range(4):
        box.offer(numbered(number), NOW)
    box.offer(numbered(1, 2), NOW)
    batch = box.take(3)
    versions = [record.request.metadata.resource_version if record.request else "" for record in batch]
    assert versions == ["1", "2", ""]
    box.offer(numbered(2), LATER)
    box.written()
    (uncounted, again) = box.take(5)
    assert (uncounted.uid, uncounted.request) == ("uid-3", None)
    assert again.request is not None, "read again, with room by now"
