"""Decide about one batch: ``plan(observation, now) -> Plan``. No I/O, no framework, no clock.

An outcome goes one way: into a part of the results, then into the checkpoint in the status, and only then its request
is deleted. An operator that starts reads on from the checkpoint and meets the requests that are there again by their
names, so at every moment each recording is in the results, or has a request, or was not begun.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from analysis_operator.api import BatchCounts, BatchStatus, Checkpoint
from analysis_operator.batches import conditions
from analysis_operator.batches.actions import Action, Count, Expire, Load, Make, Notify, Plan, Read, Remove, WritePart
from analysis_operator.batches.observation import Observation, Trouble
from analysis_operator.batches.permission import refusal
from analysis_operator.batches.progress import estimated_end, percent
from analysis_operator.batches.work import Work, added
from analysis_operator.errors import Reason
from analysis_operator.report.places import results_folder

MOST_PARTS = 4
"""Parts that are open at a time: one slow recording holds up the results behind it, and its requests stay."""
_MESSAGE = 300
_EXPIRY_SECONDS = 30.0
"""After a deletion by age that was not done, or not confirmed yet."""
_LONGEST_SECONDS = 3600.0
"""An operator whose machine slept looks again after this long."""


def plan(seen: Observation, now: datetime) -> Plan:
    """Decide what to do about one batch.

    Returns:
        The status to write if it differs, the actions to take, and when to look again.
    """
    if seen.status.finished:
        return _after_the_end(seen, now)
    stop = Trouble(seen.status.stop_reason, seen.status.stop_message) if seen.status.stop_reason else _stop(seen, now)
    if seen.status.started_at is None:  # then no request was ever made
        if stop is not None:
            return _ended(seen, seen.status, stop, now)
        return _begin(seen, now)
    if stop is None:
        return _go_on(seen, now)
    if not seen.status.stop_reason:
        # Written before anything is stopped: an operator that starts must not begin again what this one deletes.
        status = seen.status.model_copy(
            update={"stop_reason": stop.reason, "stop_message": conditions.short(stop.message, _MESSAGE)}
        )
        return Plan(conditions.under_way(seen.batch, status, Reason.STOPPING, stop.message, now), urgent=True)
    return _stopping(seen, stop, now)


def _stop(seen: Observation, now: datetime) -> Trouble | None:
    """Return why the batch ends before its last recording, or None."""
    batch = seen.batch
    if batch.spec.cancel:
        return Trouble(Reason.CANCELLED, "Cancelled by spec.cancel.")
    if refused := refusal(batch, seen.policy):
        return Trouble(*refused)
    if (left := _time_left(seen, now)) is not None and left <= timedelta(0) and not seen.clock_doubted:
        return Trouble(
            Reason.DEADLINE_EXCEEDED, f"Not done within spec.deadlineSeconds, {batch.spec.deadline_seconds} s."
        )
    most, failed = batch.spec.max_failures, _counts(seen).failed
    if most is not None and failed > most:
        return Trouble(
            Reason.TOO_MANY_FAILURES, f"{failed} recordings have no verdict, and spec.maxFailures allows {most}."
        )
    return seen.trouble if seen.trouble is not None and seen.trouble.fatal else None


def _time_left(seen: Observation, now: datetime) -> timedelta | None:
    created, seconds = seen.batch.metadata.creation_timestamp, seen.batch.spec.deadline_seconds
    return None if created is None or seconds is None else created + timedelta(seconds=seconds) - now


def _begin(seen: Observation, now: datetime) -> Plan:
    status = seen.status
    if seen.has_turn and not seen.batch.spec.suspend:
        uri = seen.policy.results_uri or ""
        meta = seen.batch.metadata
        where = results_folder(uri, meta.namespace, meta.name, meta.uid)
        status = status.model_copy(update={"started_at": now, "results_uri": where})
    return _waiting(seen, status, (), now, urgent=True)


def _go_on(seen: Observation, now: datetime) -> Plan:
    work, status = seen.work, seen.status
    if work is None:
        return _waiting(seen, status, (Load(),), now)
    actions: list[Action] = []
    written = False
    if work.parts and work.parts[0].written:
        part, written = work.parts[0], True
        checkpoint = Checkpoint(
            parts=part.number + 1,
            position=part.end,
            counts=added(status.checkpoint.counts, (item.outcome for item in part.items if item.outcome)),
        )
        status = status.model_copy(update={"checkpoint": checkpoint})
    elif work.parts and work.parts[0].complete:
        part = work.parts[0]
        actions.append(WritePart(part.number, tuple(item.outcome for item in part.items if item.outcome)))
    elif work.exhausted and not work.parts and not work.known:
        return _at_the_end(seen, now)
    if leftovers := work.leftovers(seen.status.checkpoint):
        actions.append(Remove(leftovers))
    if seen.has_turn and not seen.batch.spec.suspend:
        begun, pinned = _begun(seen, work)
        actions += begun
        if pinned:
            position = status.checkpoint.position.model_copy(update={"etag": work.reached.etag})
            status = status.model_copy(
                update={"checkpoint": status.checkpoint.model_copy(update={"position": position})}
            )
            written = True
    return _waiting(seen, status, tuple(actions), now, urgent=written)


def _begun(seen: Observation, work: Work) -> tuple[list[Action], bool]:
    """Return what begins more recordings, and whether the manifest has to be pinned in the status before that."""
    actions: list[Action] = []
    waiting, running = work.waiting(), work.running()
    if not work.exhausted and len(work.parts) < MOST_PARTS and len(waiting) < seen.batch.spec.parallelism:
        actions.append(Read(work.reached))
    if work.parts and not work.exhausted and seen.total is None and seen.status.total is None:
        actions.append(Count(work.reached))
    if work.reached.etag != seen.status.checkpoint.position.etag:
        return actions, True
    room = max(0, seen.batch.spec.parallelism - running)
    if items := tuple((item.name, item.row) for item in waiting[:room]):
        actions.append(Make(items))
    return actions, False


def _stopping(seen: Observation, stop: Trouble, now: datetime) -> Plan:
    """Stop what runs, write the outcomes that there are as a last part, delete their requests, and end."""
    work, status = seen.work, seen.status
    if work is None or not work.listed_since_stop:
        return _waiting(seen, status, (Load(),), now)
    if work.running():  # one that is being made is not there yet
        unfinished = work.unfinished()
        return _waiting(seen, status, (Remove(unfinished, unfinished=True),) if unfinished else (), now)
    if work.flushed is not None:
        checkpoint = Checkpoint(
            parts=status.checkpoint.parts + 1,
            position=work.behind_all(),
            counts=added(status.checkpoint.counts, work.flushed),
        )
        return _waiting(seen, status.model_copy(update={"checkpoint": checkpoint}), (), now, urgent=True)
    if outcomes := work.outcomes(status.checkpoint):
        return _waiting(seen, status, (WritePart(status.checkpoint.parts, tuple(outcomes)),), now)
    if not work.known:
        return _ended(seen, status, stop, now)
    return _waiting(seen, status, (Remove(tuple(work.known)),), now)


def _waiting(
    seen: Observation, status: BatchStatus, actions: tuple[Action, ...], now: datetime, *, urgent: bool = False
) -> Plan:
    """Return a plan for a batch that is under way, with the status as it is now."""
    counts = _counts(seen)
    total = _total(seen)
    running = seen.work.running() if seen.work else status.running
    status = status.model_copy(
        update={
            "counts": counts,
            "total": total,
            "running": running,
            "progress": max(status.progress, percent(counts.total, total)),
            "per_minute": seen.per_minute,
            "estimated_end": estimated_end(now, counts.total, total, seen.per_minute),
        }
    )
    if seen.work is not None:
        failed = seen.work.failed_lines(status.failed_lines, seen.status.checkpoint)
        status = status.model_copy(update={"failed_lines": failed})
    reason, message = _progress(seen, status)
    left = _time_left(seen, now)
    return Plan(
        conditions.under_way(seen.batch, status, reason, message, now),
        actions,
        requeue_after=max(0.1, left.total_seconds()) if left is not None else None,
        urgent=urgent,
    )


def _progress(seen: Observation, status: BatchStatus) -> tuple[str, str]:
    done, of = status.counts.total, f" of {status.total}" if status.total is not None else ""
    sentence = f"{done}{of} recordings are done, {status.running} at work."
    if status.stop_reason:
        return Reason.STOPPING, f"{status.stop_message} {sentence}"
    if seen.trouble is not None:
        return seen.trouble.reason, f"{seen.trouble.message} It is tried again. {sentence}"
    if seen.batch.spec.suspend:
        return Reason.SUSPENDED, f"Suspended by spec.suspend. {sentence}"
    if not seen.has_turn:
        return Reason.QUEUED, f"Waits for other batches to end. {sentence}"
    return Reason.RUNNING, sentence


def _counts(seen: Observation) -> BatchCounts:
    recorded = seen.status.checkpoint.counts
    if seen.work is None:
        return seen.status.counts
    return added(recorded, seen.work.outcomes(seen.status.checkpoint))


def _total(seen: Observation) -> int | None:
    work = seen.work
    if work is not None and work.exhausted:
        return seen.status.checkpoint.counts.total + sum(len(part.items) for part in work.parts)
    return seen.total if seen.total is not None else seen.status.total


def _at_the_end(seen: Observation, now: datetime) -> Plan:
    counts = seen.status.checkpoint.counts
    if not counts.total:
        source = seen.batch.spec.source
        what = "There is no object under" if source.prefix else "No line names a recording in"
        return _ended(seen, seen.status, Trouble(Reason.NO_RECORDINGS, f"{what} {source.uri}."), now)
    return _ended(seen, seen.status, None, now)


def _ended(seen: Observation, status: BatchStatus, stop: Trouble | None, now: datetime) -> Plan:
    counts = status.checkpoint.counts
    message = f"{counts.total} recordings are done, {counts.failed} of them without a verdict."
    reason: str = Reason.PARTIALLY_COMPLETED if counts.failed else Reason.COMPLETED
    update = {
        "counts": counts,
        "running": 0,
        "per_minute": None,
        "estimated_end": None,
        "finished_at": now,
        "stop_reason": stop.reason if stop else "",
        "stop_message": conditions.short(stop.message, _MESSAGE) if stop else "",
    }
    if stop is None:
        update |= {"progress": 100, "total": counts.total}
    else:
        reason, message = stop.reason, f"{stop.message} {message}" if status.started_at else stop.message
    ended = status.model_copy(update=update)
    refused = stop is not None and status.started_at is None and stop.reason != Reason.CANCELLED
    rows = conditions.at_the_end(reason, message, succeeded=stop is None, refused=refused)
    return Plan(
        conditions.stated(seen.batch, ended, [*rows, *seen.unsent], now),
        (Notify("Normal" if stop is None else "Warning", reason, message),),
        urgent=True,
    )


def _after_the_end(seen: Observation, now: datetime) -> Plan:
    batch, status = seen.batch, seen.status
    kept = conditions.of_generation(batch, status)
    expires = min(now, status.finished_at or now) + timedelta(seconds=batch.spec.ttl_seconds_after_finished)
    if expires <= now:
        kept_on = seen.clock_doubted or status.unsent  # it is what remembers that an event is to be sent
        return Plan(kept, () if kept_on else (Expire(),), requeue_after=_EXPIRY_SECONDS)
    return Plan(kept, requeue_after=min((expires - now).total_seconds(), _LONGEST_SECONDS))
