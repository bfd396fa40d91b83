"""Send each event to every subscription that takes it, at least once, and record in its subject how that ended.

What is to be sent is kept by the API server: the condition Notified of a finished request or batch is Unknown until
every sink has taken the event, or has been given up. An operator that starts finds those, and sends to every sink
again: the event's id is the same. In memory an event that waits costs a few hundred bytes; beyond the first thousand
its contents are read again when it is its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from analysis_operator import metrics
from analysis_operator.api import (
    AnalysisBatch,
    AnalysisRequest,
    AnalysisSubscription,
    Analyzer,
    ConditionRow,
    ConditionType,
    EventType,
)
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Reason
from analysis_operator.notifications.event import Event, batch_finished, pool_unscalable, request_finished
from analysis_operator.notifications.lane import Lane
from analysis_operator.notifications.ports import About, Failed, Refused, Reply, Sinks, Subjects
from analysis_operator.notifications.subscriptions import RETIRED, Subscriptions

log = structlog.get_logger(__name__)

_MOST_EVENTS = 1000
_REPORT_SECONDS = 5.0
_AGAIN_SECONDS = 5.0
_RECORDING = 8
"""Conditions that are written at a time."""
_UNSENT: ConditionRow = (ConditionType.NOTIFIED, "Unknown", Reason.PENDING, "Its subscribers are told next.")


@dataclass(slots=True)
class _Pending:
    """One event on its way. ``left``: the keys of the subscriptions that have not settled it."""

    about: About
    event: Event | None
    since: datetime
    left: set[str]
    problem: Refused | Failed | None = None
    recording: asyncio.Task[None] | None = None


class Notifier:
    """Every event that a sink has not taken yet. One event loop, no locks.

    Args:
        subjects: the API server.
        sinks: takes the events.
        subscriptions: says which sink gets which.
        clock: the time in UTC.
        pause: the pause after an attempt, from a key and the number of attempts.
        patience: for how long, after this process took it up, an event is tried again.
        may_send: asked before each attempt; False makes it one that failed.
        clock_doubted: whether the time is perhaps wrong: then nothing is given up.
    """

    def __init__(
        self,
        subjects: Subjects,
        sinks: Sinks,
        subscriptions: Subscriptions,
        *,
        clock: Callable[[], datetime],
        pause: Callable[[str, int], timedelta],
        patience: timedelta,
        may_send: Callable[[], bool] = lambda: True,
        clock_doubted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._subjects = subjects
        self._sinks = sinks
        self._subscriptions = subscriptions
        self._clock = clock
        self._pause = pause
        self._patience = patience
        self._may_send = may_send
        self._clock_doubted = clock_doubted
        self._lanes: dict[str, Lane] = {}
        self._pending: dict[str, _Pending] = {}
        self._held = 0
        self._pools: dict[str, dict[str, str]] = {}
        self._recording = asyncio.Semaphore(_RECORDING)

    # ---- subscriptions

    def known(self) -> Set[str]:
        """Return the UIDs of all AnalysisSubscriptions."""
        return self._subscriptions.known()

    def observe(self, resource: AnalysisSubscription) -> None:
        """Take in an AnalysisSubscription. Where it says something new, what waits for it is sent at once."""
        if not self._subscriptions.observe(resource):
            return
        key = resource.metadata.uid
        self._drop_lane(key)
        for uid, pending in self._pending.items():
            if key in pending.left:
                self._lane(key).add(uid)

    def on_gone(self, uid: str) -> None:
        """Forget an AnalysisSubscription that was deleted, with what waits for it."""
        self._subscriptions.remove(uid)
        self._drop_lane(uid)
        for subject, pending in list(self._pending.items()):
            self._settle(subject, pending, uid)

    def unsent(self, kind: EventType, namespace: str) -> list[ConditionRow]:
        """Return the condition that is written with the end of a request or batch, if somebody subscribes to it."""
        return [_UNSENT] if any(self._subscriptions.takers(kind, namespace)) else []

    def _drop_lane(self, key: str) -> None:
        if (lane := self._lanes.pop(key, None)) is not None:
            lane.stop()

    # ---- events

    def on_finished(self, subject: AnalysisRequest | AnalysisBatch) -> None:
        """Send the event of a request or batch whose end this process has just written."""
        if subject.status.unsent:
            event = request_finished(subject) if isinstance(subject, AnalysisRequest) else batch_finished(subject)
            self._take_up(About.of(event.type, subject.metadata), event)

    def on_unsent(self, about: About) -> None:
        """Send the event of a request or batch whose condition says, as last heard, that not everybody has it."""
        self._take_up(about, None)

    def on_pool(self, analyzer: Analyzer) -> None:
        """Send an event if a pool gets no more pods: once for each time that this begins, and each reason for it.

        The status of the Analyzer is what remembers it: an operator that starts sends the same event again.
        """
        event, meta = pool_unscalable(analyzer), analyzer.metadata
        if event is None or not self.unsent(event.type, event.namespace):
            return
        told, reason = self._pools.setdefault(meta.uid, {}), event.data["reason"]
        if told.get(reason) != event.id:
            told[reason] = event.id
            self._take_up(About(event.type, event.id, meta.namespace, meta.name), event)

    def _take_up(self, about: About, event: Event | None) -> None:
        if about.uid in self._pending:
            return
        if self._held >= _MOST_EVENTS and about.recorded:
            event = None
        self._held += event is not None
        left = set(self._subscriptions.takers(about.type, about.namespace))
        pending = self._pending[about.uid] = _Pending(about, event, self._clock(), left)
        metrics.NOTIFICATIONS_WAITING.set(len(self._pending))
        for key in left:
            self._lane(key).add(about.uid)
        if not left:
            self._record(about.uid, pending)

    def _lane(self, key: str) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, partial(self._send, key), self._pause)
        return lane

    async def _send(self, key: str, uid: str) -> Reply | None:
        """Make one attempt. None: there is nothing to send any more."""
        pending = self._pending.get(uid)
        if pending is None or key not in pending.left:
            return None
        reply = await self._attempt(key, pending)
        if isinstance(reply, Failed) and not self._is_overdue(pending):
            return reply
        if isinstance(reply, Failed | Refused):
            cause = reply.code if isinstance(reply, Refused) else "TimedOut"
            metrics.DEAD_LETTERS.labels(cause).inc()
            told = self._subscriptions.get(key)
            name = told.name if told else key
            log.warning("event not delivered", subject=uid, subscription=name, cause=cause, error=reply.message)
            pending.problem = type(reply)(reply.code, f"{name}: {reply.message}")
        self._settle(uid, pending, key)
        return reply

    async def _attempt(self, key: str, pending: _Pending) -> Reply | None:
        if self._is_retired(key):
            return Refused(RETIRED, "The sink takes no more events.", retired=True)
        if not self._may_send():
            return Failed("NotLeading", "Another operator may lead by now.")
        try:
            event = pending.event or await self._subjects.event(pending.about)
        except Gone:
            return Refused(Reason.DELETED, "It was deleted before it was sent.")
        except ApiUnavailable:
            return Failed("ApiUnavailable", "The API server did not say what to send.")
        subscription = self._subscriptions.get(key)
        if event is None or subscription is None:
            return None
        reply = await self._sinks.send(subscription, event)
        metrics.NOTIFICATIONS.labels(event.type.label, reply.label).inc()
        return reply

    def _is_overdue(self, pending: _Pending) -> bool:
        return not self._clock_doubted() and self._clock() >= pending.since + self._patience

    def _is_retired(self, key: str) -> bool:
        lane = self._lanes.get(key)
        return self._subscriptions.is_retired(key) or (lane is not None and lane.retired)

    # ---- recording

    def _settle(self, uid: str, pending: _Pending, key: str) -> None:
        if key in pending.left:
            pending.left.discard(key)
            if not pending.left:
                self._record(uid, pending)

    def _record(self, uid: str, pending: _Pending) -> None:
        pending.recording = asyncio.create_task(self._write(uid, pending))

    async def _write(self, uid: str, pending: _Pending) -> None:
        row: ConditionRow = (ConditionType.NOTIFIED, "True", Reason.DELIVERED, "Every subscriber has the event.")
        if (problem := pending.problem) is not None:
            row = (ConditionType.NOTIFIED, "False", problem.code, problem.message)
        if pending.about.recorded:
            while True:
                if await self._written(pending.about, row):
                    break
                await asyncio.sleep(_AGAIN_SECONDS)
        if problem is not None:
            self._subjects.warn(pending.about, f"{problem.code}: {problem.message}")
        del self._pending[uid]
        self._held -= pending.event is not None
        metrics.NOTIFICATIONS_WAITING.set(len(self._pending))

    async def _written(self, about: About, row: ConditionRow) -> bool:
        async with self._recording:
            try:
                await self._subjects.record(about, row)
            except Gone:  # deleted: there is nothing to write it in
                return True
            except (ApiUnavailable, Conflict) as error:
                log.info("delivery not recorded, will be tried again", subject=about.uid, error=str(error))
                return False
        return True

    async def run(self) -> None:
        """Write the conditions of AnalysisSubscriptions until cancelled; then nothing more is sent."""
        try:
            while True:
                await asyncio.sleep(_REPORT_SECONDS)
                for resource in self._subscriptions.resources():
                    await self._report(resource)
        finally:
            for key in list(self._lanes):
                self._drop_lane(key)
            for pending in self._pending.values():
                if pending.recording is not None:
                    pending.recording.cancel()
            await self._sinks.close()

    async def _report(self, resource: AnalysisSubscription) -> None:
        meta, before = resource.metadata, resource.status.condition(ConditionType.READY)
        row = self._readiness(meta.uid)
        told = (before.status, before.reason, before.observed_generation) if before is not None else None
        if told == (row[1], row[2], meta.generation):
            return
        try:
            await self._subjects.report(resource, row)
        except (ApiUnavailable, Conflict, Gone) as error:
            log.info("subscription's condition not written, will be tried again", error=str(error))

    def _readiness(self, uid: str) -> ConditionRow:
        if self._is_retired(uid):
            return ConditionType.READY, "False", RETIRED, "The sink answered 410. A change of spec has it tried again."
        lane = self._lanes.get(uid)
        if lane is not None and lane.failing and lane.problem is not None:
            return ConditionType.READY, "False", lane.problem.code, lane.problem.message
        return ConditionType.READY, "True", Reason.ACCEPTED, "Events are sent as they come."
