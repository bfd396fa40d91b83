"""Builds requests and observations for the tests of decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis_operator.api import AnalysisRequest, ConditionType, RequestStatus
from analysis_operator.report.ports import Report
from analysis_operator.requests.observation import Observation, Outcome, PodLost, Policy, PoolView, Run
from analysis_operator.requests.plan import plan
from analyzer_contract import Failure, FailureKind, FailureReason, Finding, Progress, Result, SourceFacts, Verdict

EVERYTHING = {"*": ("s3://media",)}
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
CREATED = NOW - timedelta(seconds=10)
FACTS = SourceFacts(etag="e1", size_bytes=1000)
READY = PoolView(slots=2)
MEDIA, SOURCE, INTERNAL = FailureKind.MEDIA, FailureKind.SOURCE, FailureKind.INTERNAL


def request(status: dict[str, Any] | None = None, *, namespace: str = "default", **spec: Any) -> AnalysisRequest:
    """Return a request as the API server would."""
    return AnalysisRequest.model_validate(
        {
            "metadata": {
                "name": "call",
                "namespace": namespace,
                "uid": "uid-1",
                "resourceVersion": "7",
                "generation": 1,
                "creationTimestamp": CREATED.isoformat(),
            },
            "spec": {"source": {"uri": "s3://media/call.wav"}, "analyzers": ["audio"], **spec},
            "status": status or {},
        }
    )


def result(verdict: Verdict = Verdict.NO_EVIDENCE, score: int = 3, **more: Any) -> Result:
    """Return what an analyzer answers when it has a verdict."""
    return Result(verdict=verdict, score=score, source=more.pop("source", FACTS), seconds=1, **more)


def failure(kind: FailureKind, reason: FailureReason) -> Failure:
    """Return what an analyzer answers when it has none."""
    return Failure(kind=kind, reason=reason, message=f"It said {reason}.")


def run(outcome: Outcome | None = None, *, fraction: float = 0.5) -> Run:
    """Return an attempt that started a second ago."""
    ended = NOW if outcome is not None else None
    return Run(
        "audio-1", NOW - timedelta(seconds=1), fraction=fraction, stage="decode", outcome=outcome, ended_at=ended
    )


def observed(
    asked: AnalysisRequest,
    *,
    pools: dict[str, PoolView] | None = None,
    runs: dict[str, Run] | None = None,
    report: Report | None = None,
    policy: Policy | None = None,
) -> Observation:
    """Return an observation, by default with one ready pool for audio and one for video."""
    return Observation(
        asked,
        pools if pools is not None else {"audio": READY, "video": READY},
        runs or {},
        report,
        policy or Policy(grants=EVERYTHING),
    )


def after(observation: Observation) -> Observation:
    """Return the observation after the plan's status was written."""
    written = plan(observation, NOW).status
    return replace(observation, request=observation.request.model_copy(update={"status": written}), runs={})


def reason(status: RequestStatus) -> str:
    """Return the reason of the condition Succeeded."""
    found = status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    return found.reason


__all__ = [
    "CREATED",
    "EVERYTHING",
    "FACTS",
    "INTERNAL",
    "MEDIA",
    "NOW",
    "READY",
    "SOURCE",
    "FailureKind",
    "FailureReason",
    "Finding",
    "PodLost",
    "Progress",
    "after",
    "failure",
    "observed",
    "reason",
    "request",
    "result",
    "run",
]
