"""The status of an Analyzer, from its pods, its backlog, and what scales it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis_operator.analyzers.pods import PodFacts, first_problem
from analysis_operator.api import Analyzer, AnalyzerStatus, ConditionState, ConditionType, Usage
from analysis_operator.requests import conditions
from analysis_operator.requests.actions import Notify
from analysis_operator.scaling.scaled_object import FIXED_SIZE, KedaFacts, scaling_condition

_LONGEST = 400
"""Characters of what an API server says."""
_USAGE_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What is known of one pool. ``pods`` leaves out those that are being deleted."""

    analyzer: Analyzer
    pods: Sequence[PodFacts]
    deployment: Mapping[str, Any] | None
    keda: KedaFacts
    queued: int = 0
    running: int = 0
    refusal: str = ""
    """Why its ready pods take no work, if they refuse it again and again."""
    denied: str = ""
    """Why one of its objects may not be there."""


def pool_problem(pool: PoolFacts) -> str:
    """Return what a person can fix so that pods start, or an empty string while they are on their way."""
    problem = pool.denied[:_LONGEST] or first_problem(pool.pods, pool.deployment)
    if problem or pool.analyzer.spec.replicas is not None:
        return problem
    state, _, message = scaling_condition(pool.analyzer, pool.keda)
    return message if state == "False" else ""


def pool_status(pool: PoolFacts, usage: Usage | None, now: datetime) -> AnalyzerStatus:
    """Return the status to write."""
    analyzer = pool.analyzer
    generation = analyzer.metadata.generation
    rows = [
        (ConditionType.READY, *_readiness(pool)),
        (ConditionType.SCALING_ACTIVE, *scaling_condition(analyzer, pool.keda)),
    ]
    return AnalyzerStatus(
        observed_generation=generation,
        replicas=len(pool.pods),
        ready_replicas=_count_ready(pool),
        queued=pool.queued,
        running=pool.running,
        usage=usage,
        conditions=conditions.updated(analyzer.status.conditions, rows, generation=generation, now=now),
    )


def should_write(before: AnalyzerStatus, after: AnalyzerStatus) -> bool:
    """Return whether to write a status: a change of usage alone only once a minute, and not while no pod runs."""
    if after.model_copy(update={"usage": before.usage}) != before:
        return True
    old, new = before.usage, after.usage
    if old is None or new is None:
        return old is not new
    return new.pod_seconds != old.pod_seconds and abs(new.until - old.until) >= _USAGE_EVERY


def scaling_events(before: AnalyzerStatus, after: AnalyzerStatus) -> list[Notify]:
    """Return the events about a new status: scaling has stopped working, or works again."""
    old = before.condition(ConditionType.SCALING_ACTIVE)
    new = after.condition(ConditionType.SCALING_ACTIVE)
    if new is None or new.status == "Unknown" or (old is not None and old.reason == new.reason):
        return []
    is_broken = new.status == "False" and new.reason != FIXED_SIZE
    return [Notify("Warning" if is_broken else "Normal", new.reason, new.message)]


def _readiness(pool: PoolFacts) -> tuple[ConditionState, str, str]:
    """Return whether the pool can serve a request now: with its pods, or by starting some."""
    spec, ready = pool.analyzer.spec, _count_ready(pool)
    if spec.paused or pool.refusal:
        paused = f"spec.paused is set: it begins no analysis. {pool.running} run to their end."
        return ("False", "Paused", paused) if spec.paused else ("False", "PodsRefuseWork", pool.refusal)
    fixed = spec.replicas is not None
    least = spec.replicas if spec.replicas is not None else spec.scaling.min_replicas
    if ready >= max(least, 0 if fixed else 1):
        return "True", "PodsReady", f"{ready} of {len(pool.pods)} pods take work."
    active, reason, message = scaling_condition(pool.analyzer, pool.keda)
    if pool.denied:
        reason, message = "ObjectRefused", pool.denied[:_LONGEST]
    if pool.denied or (not pool.pods and not fixed and active != "True"):
        return "False", reason, message
    if not pool.pods and not least and not pool.queued:
        return "True", "Idle", "There is no work, and so no pod."
    if problem := pool_problem(pool):
        return "False", "PodsFailing", problem
    return "False", "PodsStarting", f"{ready} of {len(pool.pods)} pods take work."


def _count_ready(pool: PoolFacts) -> int:
    return sum(1 for pod in pool.pods if pod.address)
