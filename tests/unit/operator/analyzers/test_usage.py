"""What a pool used, counted second by second, through restarts and clocks that are set."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from analysis_operator.analyzers.usage import Meter
from analysis_operator.api import AnalyzerStatus, Usage

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

type Count = tuple[float, int, int, float]
"""Seconds after noon, then pods, running analyses, and nodes, from then on."""

NEW = AnalyzerStatus()


def left(*, until: float = 0, replicas: int = 0, ready: int = 0, pod: int = 0, node: int = 0) -> AnalyzerStatus:
    """A status as an operator left it, some seconds after noon; it had counted for an hour."""
    at = NOON + timedelta(seconds=until)
    usage = Usage(since=at - timedelta(hours=1), until=at, pod_seconds=pod, busy_seconds=7, node_seconds=node, starts=3)
    return AnalyzerStatus(replicas=replicas, ready_replicas=ready, usage=usage)


def counted(status: AnalyzerStatus, *counts: Count, began: float = 0) -> Usage:
    meter = Meter(status, NOON + timedelta(seconds=began))
    for at, pods, running, nodes in counts:
        meter.count(NOON + timedelta(seconds=at), pods=pods, running=running, nodes=nodes)
    return meter.usage()


ROWS: list[tuple[str, AnalyzerStatus, list[Count], tuple[int, int, float, int]]] = [
    ("nothing was there", NEW, [(0, 0, 0, 0), (60, 0, 0, 0)], (0, 0, 0, 0)),
    ("one pod, which works half of the time", NEW, [(0, 1, 0, 1), (30, 1, 1, 1), (60, 0, 0, 0)], (60, 30, 60, 1)),
    (
        "what is said holds until the next",
        NEW,
        [(0, 2, 1, 1), (600, 0, 0, 0), (900, 0, 0, 0)],
        (1200, 600, 600, 1),
    ),
    ("two pods on a node that others use too", NEW, [(0, 2, 0, 0.5), (100, 0, 0, 0)], (200, 0, 50, 1)),
    ("growing from one pod is no start", NEW, [(0, 1, 0, 1), (10, 3, 0, 1), (20, 0, 0, 0)], (40, 0, 20, 1)),
    ("each start from zero counts", NEW, [(0, 1, 0, 1), (10, 0, 0, 0), (20, 1, 0, 1), (30, 0, 0, 0)], (20, 0, 20, 2)),
    (
        "parts of a second add up",
        NEW,
        [(0, 1, 0, 0.3), *((at / 10, 1, 0, 0.3) for at in range(1, 100)), (10, 0, 0, 0)],
        (10, 0, 3, 1),
    ),
    (
        "pods that took work stay while no operator runs, with their share of the node; analyses do not",
        left(replicas=2, ready=2, pod=1000, node=250),
        [(100, 2, 0, 0.5), (110, 0, 0, 0)],
        (1220, 7, 305, 3),
    ),
    ("of a pool that was never on a node each pod has one", left(replicas=1, ready=1), [(60, 0, 0, 0)], (60, 7, 60, 3)),
    (
        "a pod that waited for a node costs nothing, and starts when it has one",
        left(replicas=1, pod=500, node=500),
        [(9000, 0, 0, 0), (9020, 1, 0, 1), (9030, 0, 0, 0)],
        (510, 7, 510, 4),
    ),
    (
        "pods that a new operator sees a moment later did not start",
        left(replicas=2, ready=2, pod=100, node=100),
        [(1, 0, 0, 0), (2, 2, 0, 2), (3, 0, 0, 0)],
        (104, 7, 104, 3),
    ),
    (
        "a pod that was starting already is not counted twice",
        left(replicas=1, pod=100, node=100),
        [(1, 1, 0, 1), (2, 0, 0, 0)],
        (101, 7, 101, 3),
    ),
    (
        "a pool that was at zero starts, however soon after the operator",
        left(pod=100, node=100),
        [(1, 1, 0, 1), (2, 0, 0, 0)],
        (101, 7, 101, 4),
    ),
    (
        "a clock that is set back takes nothing away, and counting goes on",
        NEW,
        [(0, 1, 1, 1), (100, 1, 1, 1), (-3500, 1, 1, 1), (-3400, 0, 0, 0)],
        (200, 200, 200, 1),
    ),
]


@pytest.mark.parametrize(
    ("status", "counts", "sums"), [row[1:] for row in ROWS], ids=[row[0].replace(" ", "-") for row in ROWS]
)
def test_a_pool_is_counted(status: AnalyzerStatus, counts: list[Count], sums: tuple[int, int, float, int]) -> None:
    usage = counted(status, *counts)
    assert (usage.pod_seconds, usage.busy_seconds, usage.node_seconds, usage.starts) == sums
    assert usage.until == NOON + timedelta(seconds=counts[-1][0])


def test_a_pool_counts_from_when_it_was_first_seen_and_a_new_operator_goes_on() -> None:
    assert counted(NEW, (60, 0, 0, 0)).since == NOON
    assert counted(left(), (60, 0, 0, 0), began=50).since == NOON - timedelta(hours=1)


def test_the_span_is_as_long_as_what_was_counted_in_it_when_the_clock_is_set_back() -> None:
    usage = counted(NEW, (0, 1, 0, 1), (100, 1, 0, 1), (-3500, 1, 0, 1), (-3400, 0, 0, 0))
    assert usage.until - usage.since == timedelta(seconds=usage.pod_seconds) == timedelta(seconds=200)


def test_many_restarts_lose_no_time_on_the_whole() -> None:
    """Each leaves whole seconds behind. Rounded down, a thousand of them would lose some 500 s."""
    chance, status, at = random.Random(4), AnalyzerStatus(), 0.0
    for _ in range(1000):
        meter = Meter(status, NOON + timedelta(seconds=at))
        meter.count(NOON + timedelta(seconds=at), pods=1, running=0, nodes=1)
        at += chance.uniform(1, 60)
        meter.count(NOON + timedelta(seconds=at), pods=1, running=0, nodes=1)
        status = AnalyzerStatus(replicas=1, ready_replicas=1, usage=meter.usage())
    assert status.usage is not None
    assert abs(status.usage.pod_seconds - at) < 60
