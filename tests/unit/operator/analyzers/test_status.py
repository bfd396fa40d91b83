"""The status of a pool, from its pods, its backlog and what scales it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analysis_operator.analyzers.pods import PodFacts
from analysis_operator.analyzers.status import PoolFacts, pool_problem, pool_status, scaling_events
from analysis_operator.api import ConditionType
from analysis_operator.scaling.scaled_object import KedaFacts
from tests.unit.operator.scaling.test_scaled_object import analyzer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WARM = PodFacts("audio-1", "10.0.0.1:8000")
COLD = PodFacts("audio-2", None)
HOMELESS = PodFacts("audio-3", None, "Pod audio-3 has no node: 0/1 nodes are available.")
WORKS, MISSING, SILENT = KedaFacts(ready="True"), KedaFacts(installed=False), KedaFacts(ready="True", silent_seconds=99)
QUOTA = {"status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}}


def pool(
    *pods: PodFacts,
    keda: KedaFacts = WORKS,
    queued: int = 0,
    deployment: dict[str, Any] | None = None,
    refusal: str = "",
    **spec: Any,
) -> PoolFacts:
    return PoolFacts(analyzer(**spec), pods, deployment, keda, queued, refusal=refusal)


READY = [
    ("idle without a pod is ready", pool(), "True", "Idle", "no work"),
    ("work has come and no pod yet", pool(queued=1), "False", "PodsStarting", "0 of 0"),
    ("a pod starts", pool(COLD, queued=1), "False", "PodsStarting", "0 of 1"),
    ("one of two pods takes work", pool(WARM, COLD, queued=1), "True", "PodsReady", "1 of 2"),
    ("no node for the pod", pool(HOMELESS, queued=1), "False", "PodsFailing", "no node"),
    ("no quota for the pod", pool(queued=1, deployment=QUOTA), "False", "PodsFailing", "exceeded quota"),
    ("nothing would start it", pool(keda=MISSING), "False", "KedaMissing", "not installed"),
    ("KEDA has gone but pods are there", pool(WARM, keda=SILENT), "True", "PodsReady", "1 of 1"),
    ("KEDA has not taken it over", pool(keda=KedaFacts()), "False", "KedaStarting", "not taken"),
    ("fewer than the least", pool(WARM, scaling={"minReplicas": 2}), "False", "PodsStarting", "1 of 1"),
    ("a fixed size is not yet reached", pool(WARM, COLD, replicas=2), "False", "PodsStarting", "1 of 2"),
    ("a paused pool serves nobody", pool(WARM, paused=True), "False", "Paused", "begins no analysis"),
    (
        "its pods refuse what they are given",
        pool(WARM, refusal="audio-1 refuses."),
        "False",
        "PodsRefuseWork",
        "audio-1",
    ),
    ("a fixed size of none is ready", pool(replicas=0, keda=MISSING), "True", "PodsReady", "0 of 0"),
]


@pytest.mark.parametrize(
    ("facts", "state", "reason", "message"), [row[1:] for row in READY], ids=[row[0] for row in READY]
)
def test_ready_says_whether_the_pool_serves_who_asks_now(
    facts: PoolFacts, state: str, reason: str, message: str
) -> None:
    ready = {entry.type: entry for entry in pool_status(facts, None, NOW).conditions}[ConditionType.READY]
    assert (ready.status, ready.reason) == (state, reason)
    assert message in ready.message


def test_a_request_that_waits_shows_what_is_missing() -> None:
    assert "no node" in pool_problem(pool(HOMELESS, keda=MISSING))
    assert "KEDA is not installed" in pool_problem(pool(keda=MISSING))
    assert pool_problem(pool(COLD)) == ""
    assert pool_problem(pool(replicas=1, keda=MISSING)) == ""


def test_scaling_that_stops_or_works_again_is_worth_an_event_once() -> None:
    works = pool_status(pool(), None, NOW)
    broken = pool_status(pool(keda=SILENT), None, NOW)
    assert [(event.kind, event.reason) for event in scaling_events(works, broken)] == [("Warning", "KedaSilent")]
    assert scaling_events(broken, broken) == []
    assert [(event.kind, event.reason) for event in scaling_events(broken, works)] == [("Normal", "KedaScales")]
    fixed = pool_status(pool(replicas=2, keda=MISSING), None, NOW)
    assert [event.kind for event in scaling_events(works, fixed)] == ["Normal"]
