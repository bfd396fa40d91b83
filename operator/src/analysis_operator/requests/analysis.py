"""Advance one analysis: from what a run reported to its entry in the status."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from analysis_operator.api import AnalysisState, AnalysisStatus, PinnedSource, StatusFinding
from analysis_operator.errors import Reason
from analysis_operator.requests import retry
from analysis_operator.requests.adoption import adopt, marked
from analysis_operator.requests.conditions import cut
from analysis_operator.requests.observation import Observation, Outcome, PodLost, Run
from analyzer_contract import Failure, Finding, Result, Unchanged, whole_percent

_FINDINGS = 5
_MESSAGE_LIMIT = 400


def advance(
    before: AnalysisStatus, observed: Observation, pinned: PinnedSource | None, now: datetime
) -> AnalysisStatus:
    """Return the entry of an analysis after what its run, if any, reported. A finished entry never changes."""
    run = observed.runs.get(before.name)
    if before.state.finished or (run is not None and _counted(before, run)):
        return before
    if run is None:
        return _interrupted(before, observed, now) if before.state is AnalysisState.RUNNING else before
    if run.outcome is None:
        return _running(before, run)
    return _ended(before, run, run.outcome, observed, now, pinned=pinned)


def _ended(
    before: AnalysisStatus,
    run: Run,
    outcome: Outcome,
    observed: Observation,
    now: datetime,
    *,
    pinned: PinnedSource | None,
) -> AnalysisStatus:
    match outcome:
        case Result():
            return _succeeded(before, run, outcome, pinned, now)
        case Unchanged():
            adopted, earlier = adopt(outcome, run.pod, (observed.earlier or {}).get(before.name))
            ended = _ended(before, run, adopted, observed, now, pinned=pinned)
            return marked(ended, before, earlier) if ended.state is AnalysisState.SUCCEEDED else ended
        case Failure():
            return _failed(before, run, outcome, observed, now)
        case PodLost():
            return _lost(before, run, outcome, observed, now)


def _counted(before: AnalysisStatus, run: Run) -> bool:
    """Return whether the status has the end of this run: the write took effect, and only its answer was lost."""
    ended = run.outcome is not None
    return ended and before.state is AnalysisState.PENDING and before.started_at == run.started_at


def fail(before: AnalysisStatus, reason: str, message: str, now: datetime, **more: object) -> AnalysisStatus:
    """End an analysis without a verdict."""
    return before.model_copy(
        update={
            "state": AnalysisState.FAILED,
            "reason": str(reason),
            "message": cut(message, _MESSAGE_LIMIT),
            "finished_at": now,
            "retry_at": None,
            **more,
        }
    )


def halt(before: AnalysisStatus) -> AnalysisStatus:
    """Return the entry of an analysis whose run, if any, is stopped by its request: that counts as nothing."""
    return _pending(before, reason="", message="") if before.state is AnalysisState.RUNNING else before


def _pending(before: AnalysisStatus, **more: object) -> AnalysisStatus:
    return before.model_copy(update={"state": AnalysisState.PENDING, "progress": 0, **more})


def _running(before: AnalysisStatus, run: Run) -> AnalysisStatus:
    return before.model_copy(
        update={
            "state": AnalysisState.RUNNING,
            "pod": run.pod,
            "started_at": run.started_at,
            "progress": min(99, int(run.fraction * 100)),
            "reason": "",
            "message": run.stage,
            "retry_at": None,
        }
    )


def _succeeded(
    before: AnalysisStatus, run: Run, result: Result, pinned: PinnedSource | None, now: datetime
) -> AnalysisStatus:
    if pinned is not None and result.source.etag != pinned.etag:
        message = (
            "The object was replaced while it was analysed, so the analyses looked at different recordings. "
            "Create another request, and name spec.source.versionId if the bucket is versioned."
        )
        return fail(before, Reason.SOURCE_CHANGED, message, now, attempts=before.attempts + 1)
    return before.model_copy(
        update={
            "state": AnalysisState.SUCCEEDED,
            "verdict": result.verdict,
            "score": result.score,
            "examined_share": None if result.examined_share is None else whole_percent(result.examined_share),
            "attempts": before.attempts + 1,
            "progress": 100,
            "pod": run.pod,
            "started_at": run.started_at,
            "finished_at": run.ended_at or now,
            "retry_at": None,
            "storage_fails_since": None,
            "reason": "",
            "message": cut(result.summary, _MESSAGE_LIMIT),
            "findings": strongest(result.findings),
            "result_uri": result.result_uri,
            "result_sha256": result.result_sha256,
        }
    )


def strongest(findings: Sequence[Finding]) -> list[StatusFinding]:
    """Return the few strongest findings in the order of time, in whole seconds that enclose each."""
    top = sorted(findings, key=lambda finding: (-finding.score, finding.start_seconds))[:_FINDINGS]
    return [
        StatusFinding(
            kind=finding.kind,
            start_seconds=math.floor(finding.start_seconds),
            end_seconds=math.ceil(finding.end_seconds),
            score=finding.score,
        )
        for finding in sorted(top, key=lambda finding: finding.start_seconds)
    ]


def _failed(before: AnalysisStatus, run: Run, failure: Failure, observed: Observation, now: datetime) -> AnalysisStatus:
    if retry.is_of_storage(failure) and (run.ended_at or now) - run.started_at < retry.STORAGE_PATIENCE:
        return _without_storage(before, run, failure, observed, now)
    attempts = before.attempts + 1
    about = {"pod": run.pod, "started_at": run.started_at, "attempts": attempts, "storage_fails_since": None}
    if retry.is_skip(failure):
        ended = fail(before, failure.reason, failure.message, now, **about)
        return ended.model_copy(update={"state": AnalysisState.SKIPPED, "progress": 100})
    if not retry.can_help(failure) or attempts >= observed.request.spec.max_attempts:
        return fail(before, failure.reason, failure.message, now, **about)
    pause = observed.policy.retry_pause(f"{observed.request.metadata.uid}/{before.name}", attempts)
    return _pending(
        before,
        **about,
        retry_at=now + pause,
        reason=str(failure.reason),
        message=cut(failure.message, _MESSAGE_LIMIT),
    )


def _without_storage(
    before: AnalysisStatus, run: Run, failure: Failure, observed: Observation, now: datetime
) -> AnalysisStatus:
    """Return the entry after a run that S3 made fail: for some minutes it is no attempt."""
    failed = run.ended_at or now
    since = min(before.storage_fails_since or failed, failed)  # later: the clock was set back
    about = {"pod": run.pod, "started_at": run.started_at, "storage_fails_since": since}
    if failed - since >= retry.STORAGE_PATIENCE and not observed.clock_doubted:
        return fail(before, failure.reason, failure.message, now, **about, attempts=before.attempts + 1)
    pause = observed.policy.storage_pause(f"{observed.request.metadata.uid}/{before.name}", failed - since)
    return _pending(
        before,
        **about,
        retry_at=now + pause,
        reason=str(failure.reason),
        message=cut(failure.message, _MESSAGE_LIMIT),
    )


def _lost(before: AnalysisStatus, run: Run, lost: PodLost, observed: Observation, now: datetime) -> AnalysisStatus:
    about = {"pod": run.pod, "started_at": run.started_at}
    return _disrupted(before.model_copy(update=about), Reason.POD_LOST, lost.message, observed, now)


def _interrupted(before: AnalysisStatus, observed: Observation, now: datetime) -> AnalysisStatus:
    """Return the entry of an analysis without a follower: the operator that did has ended, or its Analyzer had gone.

    It counts, or an operator that ends again and again would begin it again and again.
    """
    message = f"Nobody followed it any more; if pod {before.pod} still has it, it goes on there."
    return _disrupted(before, Reason.INTERRUPTED, message, observed, now)


def _disrupted(
    before: AnalysisStatus, reason: Reason, message: str, observed: Observation, now: datetime
) -> AnalysisStatus:
    disruptions = before.disruptions + 1
    if disruptions > observed.policy.max_disruptions:
        message = (
            f"It was disrupted {disruptions} times, the last time because: {message} "
            "Look at the Analyzer's pods and nodes, then create another request."
        )
        return fail(before, Reason.TOO_MANY_DISRUPTIONS, message, now, disruptions=disruptions)
    return _pending(before, disruptions=disruptions, reason=str(reason), message=cut(message, _MESSAGE_LIMIT))
