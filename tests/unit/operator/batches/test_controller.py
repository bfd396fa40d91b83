"""Batches from end to end in memory: however often the operator dies, each recording is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from analysis_operator.api import ConditionType, Position
from analysis_operator.batches.ports import SourceTrouble
from analysis_operator.batches.rows import Row
from analysis_operator.errors import Rejected
from tests.support.operator.batches import Cluster, batch, ended
from tests.support.waiting import until

KEYS = [f"calls/{number:02d}.wav" for number in range(8)]
URIS = [f"s3://media/{key}" for key in KEYS]


def uris(cluster: Cluster) -> list[str]:
    return [line["uri"] for line in cluster.lines()]


def condition(cluster: Cluster, kind: ConditionType) -> tuple[str, str]:
    assert cluster.batch is not None
    found = cluster.batch.status.condition(kind)
    assert found is not None
    return found.status, found.reason


async def test_every_recording_is_done_once_with_few_at_a_time_and_no_request_is_left() -> None:
    cluster = Cluster(batch(parallelism=2), KEYS)
    assert await cluster.run()
    assert uris(cluster) == URIS
    assert list(cluster.made.values()) == [1] * len(KEYS)
    assert cluster.most_unfinished <= 2
    assert cluster.requests == {}
    assert cluster.batch is not None
    status = cluster.batch.status
    assert (status.counts.no_evidence, status.total, status.progress) == (8, 8, 100)
    assert condition(cluster, ConditionType.COMPLETE) == ("True", "Completed")
    assert [event.reason for event in cluster.events] == ["Completed"]
    assert sorted(cluster.parts) == [f"s3://results/default/november/batch-1/part-00000{n}.jsonl" for n in range(3)]


@pytest.mark.parametrize("manifest", [False, True])
async def test_an_operator_that_dies_at_any_call_doubles_and_loses_nothing(manifest: bool) -> None:
    lived, dies_at = False, 0
    while not lived:
        dies_at += 1
        spec: dict[str, Any] = {"source": {"manifest": "s3://media/calls/list.csv"}} if manifest else {}
        cluster = Cluster(batch(parallelism=2, **spec), KEYS)
        cluster.rows = [Row(uri, line=number) for number, uri in enumerate(URIS, start=1)]
        cluster.dies_at = dies_at
        lived = await cluster.run()
        if not lived:
            assert await cluster.run(), dies_at
        assert uris(cluster) == URIS, dies_at
        assert Counter(cluster.made) == Counter(URIS), dies_at
        assert cluster.requests == {}, dies_at
        assert condition(cluster, ConditionType.COMPLETE) == ("True", "Completed")
    assert dies_at > 30, "the operator died at many different calls"


async def test_what_is_put_or_deleted_under_the_prefix_while_no_operator_runs_doubles_nothing() -> None:
    lived, dies_at = False, 0
    while not lived:
        dies_at += 1
        cluster = Cluster(batch(parallelism=3), list(KEYS))
        cluster.dies_at = dies_at
        lived = await cluster.run()
        if lived:
            break
        begun = {f"s3://media/{key}" for key in KEYS if cluster.made[f"s3://media/{key}"]}
        cluster.keys.remove("calls/01.wav")
        cluster.keys.append("calls/00-new.wav")
        assert await cluster.run(), dies_at
        done = Counter(uris(cluster))
        assert set(done.values()) == {1}, dies_at
        assert begun <= set(done), dies_at
        assert set(URIS) - {"s3://media/calls/01.wav"} <= set(done), dies_at
        assert set(cluster.made.values()) == {1}, dies_at
        assert cluster.requests == {}, dies_at


async def test_a_suspended_batch_begins_nothing_and_goes_on_when_it_is_resumed() -> None:
    cluster = Cluster(batch(parallelism=2, suspend=True), KEYS)
    running = asyncio.create_task(cluster.run())
    await asyncio.sleep(0.05)
    assert condition(cluster, ConditionType.SUSPENDED) == ("True", "Suspended")
    assert not cluster.made
    cluster.change(suspend=False)
    assert await running
    assert uris(cluster) == URIS


async def test_a_batch_that_is_suspended_on_its_way_lets_what_runs_end() -> None:
    cluster = Cluster(batch(parallelism=2), KEYS)
    cluster.ends = lambda uri: ended() if cluster.made[uri] and len(cluster.made) < 4 else None
    running = asyncio.create_task(cluster.run())
    await until(lambda: len(cluster.made) == 4)
    cluster.change(suspend=True)
    await asyncio.sleep(0.05)
    before = len(cluster.made)
    cluster.ends = lambda _: ended()
    for name in list(cluster.requests):
        cluster._work_on(name)
    await asyncio.sleep(0.05)
    assert len(cluster.made) == before
    cluster.change(suspend=False)
    assert await running
    assert uris(cluster) == URIS
    assert Counter(cluster.made) == Counter(URIS)


async def cancelled(dies_after: int) -> bool:
    """Cancel a batch on its way; return whether the operator lived to the end."""
    cluster = Cluster(batch(parallelism=2), KEYS)
    cluster.ends = lambda uri: None if uri in URIS[4:] else ended()
    running = asyncio.create_task(cluster.run())
    await until(lambda: len(cluster.parts) == 1 and len(cluster.made) == 6)
    cluster.dies_at = cluster.calls + dies_after
    cluster.change(cancel=True)
    lived = await running
    if not lived:
        assert await cluster.run(), dies_after
    assert condition(cluster, ConditionType.FAILED) == ("True", "Cancelled"), dies_after
    assert uris(cluster) == URIS[:4], dies_after
    assert cluster.requests == {}, dies_after
    assert cluster.batch is not None
    assert cluster.batch.status.counts.total == 4, dies_after
    return lived


async def test_a_cancelled_batch_stops_its_requests_and_keeps_what_was_found_wherever_the_operator_dies() -> None:
    dies_after = 1
    while not await cancelled(dies_after):
        dies_after += 1
    assert dies_after > 8


async def test_too_many_failures_end_the_batch_and_are_counted_by_reason() -> None:
    cluster = Cluster(batch(parallelism=1, maxFailures=1), KEYS)
    cluster.ends = lambda uri: ended(None, "UnsupportedMedia") if uri in URIS[1:3] else ended()
    assert await cluster.run()
    assert condition(cluster, ConditionType.FAILED) == ("True", "TooManyFailures")
    assert cluster.batch is not None
    counts = cluster.batch.status.counts
    assert [(entry.reason, entry.count) for entry in counts.reasons] == [("UnsupportedMedia", 2)]
    assert len(cluster.made) < len(KEYS)
    assert uris(cluster)[:3] == URIS[:3]


async def test_a_deadline_ends_the_batch() -> None:
    cluster = Cluster(batch(parallelism=1, deadlineSeconds=1), KEYS)
    cluster.ends = lambda _: None
    assert await cluster.run()
    assert condition(cluster, ConditionType.FAILED) == ("True", "DeadlineExceeded")
    assert cluster.requests == {}


async def test_wrong_lines_are_failures_with_their_numbers_and_stop_nothing() -> None:
    cluster = Cluster(batch(source={"manifest": "s3://media/calls/list.csv"}), [])
    cluster.rows = [
        Row(URIS[0], line=1),
        Row(None, line=2, reason="MalformedLine", message="The line is no CSV."),
        Row("s3://other/secret.wav", line=3),
        Row("s3://media/calls/../other", line=4),
        Row("https://media/calls/a", line=5),
        Row("s3://media/calls/\ud800", line=6),
    ]
    assert await cluster.run()
    assert cluster.batch is not None
    assert [(entry.line, entry.reason) for entry in cluster.batch.status.failed_lines] == [
        (2, "MalformedLine"),
        (3, "SourceForbidden"),
        (4, "SourceForbidden"),
        (5, "MalformedLine"),
        (6, "MalformedLine"),
    ]
    assert list(cluster.made) == [URIS[0]]
    assert [line["line"] for line in cluster.lines()] == [1, 2, 3, 4, 5, 6]
    assert condition(cluster, ConditionType.COMPLETE) == ("True", "PartiallyCompleted")


@pytest.mark.parametrize(
    ("spec", "keys", "reason"),
    [
        ({}, [], "NoRecordings"),
        ({"source": {"prefix": "s3://media/other/"}}, KEYS, "SourceForbidden"),
        ({"source": {"manifest": "s3://media/calls/list.csv"}}, [], "NoRecordings"),
    ],
)
async def test_a_batch_that_cannot_be_says_why(spec: dict[str, Any], keys: list[str], reason: str) -> None:
    cluster = Cluster(batch(**spec), keys)
    assert await cluster.run()
    assert condition(cluster, ConditionType.FAILED) == ("True", reason)
    assert condition(cluster, ConditionType.FINISHED) == ("True", reason)
    assert not cluster.made


async def test_a_source_that_cannot_be_read_for_a_while_is_read_later() -> None:
    cluster = Cluster(batch(), KEYS)
    cluster.source_trouble = SourceTrouble("SourceUnavailable", "S3 is away.", fatal=False)
    running = asyncio.create_task(cluster.run())
    await asyncio.sleep(0.1)
    cluster.source_trouble = None
    assert await running
    assert uris(cluster) == URIS


async def test_a_source_that_may_not_be_read_ends_the_batch() -> None:
    cluster = Cluster(batch(), KEYS)
    cluster.source_trouble = SourceTrouble("SourceForbidden", "No rights.", fatal=True)
    assert await cluster.run()
    assert condition(cluster, ConditionType.FAILED) == ("True", "SourceForbidden")


async def test_a_spent_quota_is_waited_for() -> None:
    cluster = Cluster(batch(), KEYS)
    cluster.make_trouble = Rejected("exceeded quota")
    running = asyncio.create_task(cluster.run())
    await asyncio.sleep(0.1)
    cluster.make_trouble = None
    assert await running
    assert Counter(cluster.made) == Counter(URIS)


@pytest.mark.parametrize("manifest", [False, True])
async def test_a_quota_smaller_than_a_part_makes_smaller_parts(manifest: bool) -> None:
    spec: dict[str, Any] = {"source": {"manifest": "s3://media/calls/list.csv"}} if manifest else {}
    cluster = Cluster(batch(**spec), KEYS[:5])
    cluster.rows = [
        Row(uri, line=number, end=Position(byte=number, line=number)) for number, uri in enumerate(URIS[:5], start=1)
    ]
    cluster.quota = 2
    assert await cluster.run()
    assert uris(cluster) == URIS[:5]
    assert Counter(cluster.made) == Counter(URIS[:5])
    assert len(cluster.parts) > 2


async def test_a_request_that_somebody_deletes_is_a_failure_and_is_not_made_again() -> None:
    cluster = Cluster(batch(parallelism=1), KEYS[:1])
    cluster.ends = lambda _: None
    running = asyncio.create_task(cluster.run())
    await until(lambda: cluster.batch and cluster.batch.status.running)
    assert cluster.controller is not None
    (raw,) = cluster.requests.values()
    cluster.requests.clear()
    cluster.controller.deleted(raw["metadata"]["uid"])
    assert await running
    assert [line["reason"] for line in cluster.lines()] == ["Deleted"]
    assert cluster.made[URIS[0]] == 1


async def test_an_ended_batch_is_deleted_after_its_time() -> None:
    cluster = Cluster(batch(ttlSecondsAfterFinished=0), KEYS[:1])
    assert await cluster.run(until=lambda: cluster.batch is None)
    assert uris(cluster) == URIS[:1]
