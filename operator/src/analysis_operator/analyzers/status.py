"""How a pool stands: the status of an Analyzer, from its pods, its backlog, and what scales it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis_operator.analyzers.pods import PodFacts, problem_of
from analysis_operator.api import Analyzer, AnalyzerStatus, ConditionState, ConditionType, Usage
from analysis_operator.requests import conditions
from analysis_operator.requests.actions import Notify
from analysis_operator.scaling.scaled_object import FIXED_SIZE, KedaFacts, condition

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


def problem(pool: PoolFacts) -> str:
    """Give what a person can mend so that pods come, or an empty string while all is on its way."""
    found = problem_of(pool.pods, pool.deployment)
    if found or pool.analyzer.spec.replicas is not None:
        return found
    state, _, message = condition(pool.analyzer, pool.keda)
    return message if state == "False" else ""


def status(pool: PoolFacts, usage: Usage | None, now: datetime) -> AnalyzerStatus:
    """Give the status to write."""
    analyzer = pool.analyzer
    generation = analyzer.metadata.generation
    wanted = [
        (ConditionType.READY, *_readiness(pool)),
        (ConditionType.SCALING_ACTIVE, *condition(analyzer, pool.keda)),
    ]
    return AnalyzerStatus(
        observed_generation=generation,
        replicas=len(pool.pods),
        ready_replicas=_ready(pool),
        queued=pool.queued,
        running=pool.running,
        usage=usage,
        conditions=conditions.updated(analyzer.status.conditions, wanted, generation=generation, now=now),
    )


def worth_writing(before: AnalyzerStatus, wanted: AnalyzerStatus) -> bool:
    """Say whether a status is to be written: usage alone only now and then, and not while it stands still."""
    if wanted.model_copy(update={"usage": before.usage}) != before:
        return True
    old, new = before.usage, wanted.usage
    if old is None or new is None:
        return old is not new
    return new.pod_seconds != old.pod_seconds and abs(new.until - old.until) >= _USAGE_EVERY


def news(before: AnalyzerStatus, after: AnalyzerStatus) -> list[Notify]:
    """Give the events that a new status is worth: scaling stopped working, or works again."""
    told = {found.type: found for found in before.conditions}.get(ConditionType.SCALING_ACTIVE)
    found = next(found for found in after.conditions if found.type is ConditionType.SCALING_ACTIVE)
    if (told is not None and told.reason == found.reason) or found.status == "Unknown":
        return []
    broken = found.status == "False" and found.reason != FIXED_SIZE
    return [Notify("Warning" if broken else "Normal", found.reason, found.message)]


def _readiness(pool: PoolFacts) -> tuple[ConditionState, str, str]:
    """Whether the pool serves who asks now: with pods, or by being able to get some."""
    spec, ready = pool.analyzer.spec, _ready(pool)
    fixed = spec.replicas is not None
    least = spec.replicas if spec.replicas is not None else spec.scaling.min_replicas
    if ready >= max(least, 0 if fixed else 1):
        return "True", "PodsReady", f"{ready} of {len(pool.pods)} pods take work."
    active, reason, message = condition(pool.analyzer, pool.keda)
    if not pool.pods and not fixed and active != "True":
        return "False", reason, message
    if not pool.pods and not least and not pool.queued:
        return "True", "Idle", "There is no work, and so no pod."
    told = problem(pool)
    return "False", "PodsFailing" if told else "PodsStarting", told or f"{ready} of {len(pool.pods)} pods take work."


def _ready(pool: PoolFacts) -> int:
    return sum(1 for pod in pool.pods if pod.address)
