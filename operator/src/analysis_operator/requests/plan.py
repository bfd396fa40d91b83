"""Decide about one request: ``plan(observation, now) -> Plan``. No I/O, no framework, no clock.

From top to bottom: a finished request is only cleaned up; every analysis is advanced by what its run reported; a
request that may not run is refused; what is left to do becomes actions; the status says how far the request is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from analysis_operator.api import (
    AnalysisRequest,
    AnalysisState,
    AnalysisStatus,
    ConditionRow,
    PinnedSource,
    RequestStatus,
)
from analysis_operator.callbacks import decision
from analysis_operator.errors import Reason
from analysis_operator.requests import conditions, deadline
from analysis_operator.requests.actions import Action, CallBack, Notify, Plan, Stop, WriteReport
from analysis_operator.requests.adoption import start
from analysis_operator.requests.analysis import advance, fail, halt
from analysis_operator.requests.observation import Observation
from analysis_operator.requests.outcome import End, duration, end_of
from analysis_operator.requests.permission import refusal
from analysis_operator.requests.retry import wait_for
from analyzer_contract import Result, Unchanged


def plan(observed: Observation, now: datetime) -> Plan:
    """Decide what to do about one request.

    Args:
        observed: the request as last read, with its runs, pools and the installation's policy.
        now: the time, in UTC.

    Returns:
        The status to write if it differs, the actions to take, and when to look again.
    """
    request = observed.request
    if request.status.finished:
        return _after_the_end(observed, now)
    pinned = _pin(observed)
    before = [request.status.analysis(name) or AnalysisStatus(name=name) for name in request.spec.analyzers]
    if request.spec.suspend:  # what was stopped for it was not interrupted
        before = [entry if entry.name in observed.runs else halt(entry) for entry in before]
    after = [advance(entry, observed, pinned, now) for entry in before]
    if refusal := _refusal(observed, now):
        after = [entry if entry.state.finished else fail(entry, *refusal, now) for entry in after]
    elif request.spec.suspend:
        after = [halt(entry) for entry in after]
    status = _status(request.status, after, pinned)
    if all(entry.state.finished for entry in after):
        return _at_the_end(observed, status, now)
    return _on_the_way(observed, status, before, now)


def _pin(observed: Observation) -> PinnedSource | None:
    """Return the object that every analysis must have read: the first one that any of them read."""
    if observed.request.status.source is not None:
        return observed.request.status.source
    for name in observed.request.spec.analyzers:
        run = observed.runs.get(name)
        if run is None:
            continue
        facts = run.outcome.source if isinstance(run.outcome, Result | Unchanged) else run.source
        if facts is not None:
            return PinnedSource(etag=facts.etag, version_id=facts.version_id, size_bytes=facts.size_bytes)
    return None


def _refusal(observed: Observation, now: datetime) -> tuple[str, str] | None:
    """Return the reason and the message why nothing more may run for this request, or None."""
    request = observed.request
    if request.spec.cancel:
        return Reason.CANCELLED, "Cancelled by spec.cancel."
    if refused := refusal(request, observed.policy):
        return refused
    if deadline.time_left(request, now, observed.clock_doubted) == timedelta(0):
        return Reason.DEADLINE_EXCEEDED, deadline.message(request)
    if request.spec.suspend:
        return None
    absent = [name for name in request.spec.analyzers if name not in observed.pools]
    missing = [name for name in absent if _wait_for_analyzer(name, observed, now) <= timedelta(0)]
    if missing:
        existing = ", ".join(sorted(observed.pools)) or "none"
        return Reason.ANALYZER_NOT_FOUND, (
            f"There is no Analyzer named {' or '.join(missing)}. Existing Analyzers: {existing}. "
            "Create another request that names one of them."
        )
    return None


def _wait_for_analyzer(name: str, observed: Observation, now: datetime) -> timedelta:
    """Return how much longer the request waits for an Analyzer that is not there."""
    known = (observed.missing_since.get(name), observed.request.metadata.creation_timestamp)
    since = min(now, max((time for time in known if time is not None), default=now))
    return since + timedelta(seconds=observed.policy.missing_analyzer_seconds) - now


def _status(before: RequestStatus, after: list[AnalysisStatus], pinned: PinnedSource | None) -> RequestStatus:
    started = [entry.started_at for entry in after if entry.started_at is not None]
    first = before.started_at or (min(started) if started else None)
    done = sum(100 if entry.state.finished else entry.progress for entry in after) // len(after)
    return before.model_copy(
        update={
            "analyses": after,
            "source": pinned,
            "started_at": first,
            # It never decreases, not even when a pod is lost: people read it as a promise.
            "progress": max(before.progress, min(done, 99)),
        }
    )


def _on_the_way(observed: Observation, status: RequestStatus, before: list[AnalysisStatus], now: datetime) -> Plan:
    actions: list[Action] = []
    left = deadline.time_left(observed.request, now, observed.clock_doubted)
    waits = [] if left is None else [left]
    for old, new in zip(before, status.analyses, strict=True):
        match _next(new, observed, status.source, now):
            case None:
                pass
            case timedelta() as pause:
                waits.append(pause)
            case action:
                actions.append(action)
        if _spent(new) != _spent(old) and not new.state.finished:
            actions.append(Notify("Warning", new.reason, f"{new.name}: {new.message}"))
    reason, message = _suspension(status) if observed.request.spec.suspend else _progress_reason(observed, status)
    return Plan(
        status=_with_conditions(observed, status, conditions.of_unfinished(reason, message), now),
        actions=tuple(actions),
        requeue_after=min(waits).total_seconds() if waits else None,
        urgent=any(
            _spent(new) != _spent(old) or (new.retry_at or now) > (old.retry_at or now)
            for old, new in zip(before, status.analyses, strict=True)
            if not new.verdict
        ),
        parked=observed.request.spec.suspend and all(run.outcome is None for run in observed.runs.values()),
    )


def _next(
    entry: AnalysisStatus, observed: Observation, source: PinnedSource | None, now: datetime
) -> Action | timedelta | None:
    """Return what to do about one analysis, or how long to wait; None: something else will happen first."""
    run = observed.runs.get(entry.name)
    if entry.state.finished:
        return Stop(entry.name) if run is not None and run.outcome is None else None
    if observed.request.spec.suspend:  # an outcome that is not recorded yet is recorded by the write of this status
        return Stop(entry.name) if run is None or run.outcome is None else None
    if entry.state is not AnalysisState.PENDING:
        return None
    if entry.retry_at is not None and (pause := wait_for(entry.retry_at, now, observed.policy.longest_pause)):
        return pause
    if entry.name not in observed.pools:
        return _wait_for_analyzer(entry.name, observed, now)
    return start(entry, observed, source)


def _spent(entry: AnalysisStatus) -> tuple[int, int, datetime | None]:
    """Return what a restarted operator needs, since it bounds how often an analysis is tried."""
    return entry.attempts, entry.disruptions, entry.storage_fails_since


def _suspension(status: RequestStatus) -> tuple[str, str]:
    left = ", ".join(entry.name for entry in status.analyses if not entry.state.finished)
    return Reason.SUSPENDED, f"spec.suspend is set: until it is false nothing runs. Not analysed yet: {left}."


def _progress_reason(observed: Observation, status: RequestStatus) -> tuple[str, str]:
    waiting = [entry for entry in status.analyses if entry.state is AnalysisState.PENDING]
    if any(entry.state is AnalysisState.RUNNING for entry in status.analyses):
        names = [entry.name for entry in status.analyses if entry.state is AnalysisState.RUNNING]
        return Reason.RUNNING, f"Running: {', '.join(names)}."
    retrying = [entry for entry in waiting if entry.retry_at is not None]
    if retrying:
        entry = retrying[0]
        spent = f"attempt {entry.attempts} of {observed.request.spec.max_attempts} failed"
        if entry.storage_fails_since is not None:
            spent = "S3 failed, which counts as no attempt for ten minutes"
        return Reason.RETRYING, f"{entry.name}: {spent}: {entry.message}"
    missing = [entry.name for entry in waiting if entry.name not in observed.pools]
    if missing:
        return Reason.ANALYZER_NOT_FOUND, f"There is no Analyzer named {' or '.join(missing)} yet; it may still come."
    paused = [entry.name for entry in waiting if observed.pools[entry.name].paused]
    if paused:
        return Reason.PAUSED, f"{', '.join(paused)} begins no analysis while spec.paused of the Analyzer is set."
    without_pods = [entry.name for entry in waiting if observed.pools[entry.name].slots == 0]
    if without_pods:
        problem = observed.pools[without_pods[0]].problem or "One is starting."
        return Reason.SCALING, f"No pod of {', '.join(without_pods)} is ready. {problem}"
    refusals = [refusal for entry in waiting if (refusal := observed.pools[entry.name].refusal)]
    return Reason.QUEUED, " ".join([*_queued(waiting, observed), *refusals])


def _queued(waiting: list[AnalysisStatus], observed: Observation) -> list[str]:
    ahead = {entry.name: observed.ahead[entry.name] for entry in waiting if entry.name in observed.ahead}
    slots = ", ".join(entry.name for entry in waiting if entry.name not in ahead)
    same = [
        f"{name} analyses the same object for {other}, whose result can count here." for name, other in ahead.items()
    ]
    return [f"Waiting for a free slot of {slots}.", *same] if slots else same


def _at_the_end(observed: Observation, status: RequestStatus, now: datetime) -> Plan:
    end = end_of(status.analyses, cancelled=observed.request.spec.cancel)
    decided = status.model_copy(update={"verdict": end.verdict, "score": end.score})
    wants_report = observed.policy.results_uri is not None and _should_write_report(end, status.analyses)
    if wants_report and observed.report is None:
        underway = conditions.of_unfinished(Reason.REPORTING, "Writing the report.")
        # The verdict is published with Finished, in one write: until then it is only an intention.
        return Plan(status=_with_conditions(observed, status, underway, now), actions=(WriteReport(decided),))
    message, report_uri, report_sha256 = end.message, None, None
    if observed.report is not None:
        report_uri, report_sha256 = observed.report.uri, observed.report.sha256
        message = f"{message} {observed.report.problem}".strip()
    finished = decided.model_copy(
        update={
            "progress": 100,
            "finished_at": now,
            "expires_at": None if observed.request.spec.callback else _expiry(observed.request, now),
            "duration": duration(observed.request.metadata.creation_timestamp, now),
            "report_uri": report_uri,
            "report_sha256": report_sha256,
        }
    )
    desired = [
        *conditions.of_finished(end.reason, message, succeeded=end.succeeded),
        *decision.conditions_at_end(observed.request),
        *observed.unsent,
    ]
    stops = tuple(Stop(name) for name, run in observed.runs.items() if run.outcome is None)
    return Plan(
        status=_with_conditions(observed, finished, desired, now),
        actions=(*stops, Notify("Normal" if end.succeeded else "Warning", end.reason, message)),
        urgent=True,
    )


def _should_write_report(end: End, analyses: list[AnalysisStatus]) -> bool:
    """Return whether there are results to show, or the reason why there are none after an attempt."""
    if end.verdict is None:
        return end.reason != Reason.CANCELLED and any(entry.attempts for entry in analyses)
    return any(entry.result_uri for entry in analyses)


def _after_the_end(observed: Observation, now: datetime) -> Plan:
    request, status = observed.request, observed.request.status
    stops = tuple(Stop(name) for name in observed.runs)
    step = decision.next_step(request, observed.delivery, observed.policy.retry_pause, now, observed.clock_doubted)
    # kstatus and kubectl wait believe only conditions of the current generation; the verdict stays as it is.
    generation = request.metadata.generation
    current = [condition.model_copy(update={"observed_generation": generation}) for condition in status.conditions]
    if step is not None:
        current = conditions.replaced(current, step.condition, generation=generation, now=now)
    kept = status.model_copy(update={"conditions": current, "observed_generation": generation})
    if step is None or step.settled:
        # From here on the watch of open requests does not deliver it any more.
        expires_at = status.expires_at or _expiry(request, min(now, status.finished_at or now))
        kept = kept.model_copy(update={"expires_at": expires_at})
    if step is None:
        return Plan(status=kept, actions=stops)
    actions = (*stops, *_callback_actions(step))
    return Plan(status=kept, actions=actions, requeue_after=step.requeue_after, urgent=step.settled)


def _expiry(request: AnalysisRequest, finished_at: datetime) -> datetime:
    return finished_at + timedelta(seconds=request.spec.ttl_seconds_after_finished)


def _callback_actions(step: decision.CallbackStep) -> list[Action]:
    if step.answer is not None:
        return [CallBack(step.answer)]
    return [Notify("Warning", Reason.CALLBACK_NOT_DELIVERED, step.warning)] if step.warning else []


def _with_conditions(
    observed: Observation,
    status: RequestStatus,
    desired: list[ConditionRow],
    now: datetime,
) -> RequestStatus:
    generation = observed.request.metadata.generation
    listed = conditions.updated(observed.request.status.conditions, desired, generation=generation, now=now)
    return status.model_copy(update={"conditions": listed, "observed_generation": generation})
