"""The reconcile path of batches: observe, plan, act, write the status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from datetime import datetime

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisBatch, AnalysisRequest, ConditionRow, EventType
from analysis_operator.batches.actions import Load, Notify, Plan
from analysis_operator.batches.child import Child
from analysis_operator.batches.entry import Entry
from analysis_operator.batches.hands import Hands
from analysis_operator.batches.observation import Observation
from analysis_operator.batches.plan import plan
from analysis_operator.batches.ports import Batches, Results, Sources
from analysis_operator.batches.turns import at_work
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Reason
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.notifications.ports import About
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.spans import Spans
from analysis_operator.work_queue import WorkQueue
from guardian_service import tracing

log = structlog.get_logger(__name__)

PROGRESS_SECONDS = 2.0
"""Progress is written at most this often for one batch."""
_AGAIN_SECONDS = 1.0
_SAME = 180
"""Characters of a batch's name with which the names of its requests begin."""
_WORKERS = 4


class BatchController:
    """Keeps every batch, and hears of each request through the Sink port. One event loop, no locks.

    Args:
        batches: the API server.
        sources: lists of recordings.
        results: takes what became of them.
        policy: what the installation decided.
        clock: the time in UTC.
        clock_doubted: whether that is perhaps wrong.
        notifier: sends events about their ends; None: no events.
        spans: of all of each.
    """

    def __init__(
        self,
        batches: Batches,
        sources: Sources,
        results: Results,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        clock_doubted: Callable[[], bool] = lambda: False,
        notifier: Notifier | None = None,
        spans: Spans | None = None,
    ) -> None:
        self._batches = batches
        self._policy = policy
        self._clock = clock
        self._clock_doubted = clock_doubted
        self._notifier = notifier
        self._spans = spans or Spans(tracing.OFF)
        self._queue = WorkQueue()
        self._entries: dict[str, Entry] = {}
        self._hands = Hands(batches, sources, results, policy, self._again)

    # ---- observe

    def known(self) -> Set[str]:
        """Return the UIDs of all batches."""
        return self._entries.keys()

    def observe(self, batch: AnalysisBatch) -> None:
        """Take in a batch; a version older than the one that is known changes nothing."""
        uid = batch.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            self._entries[uid] = Entry(batch)
            if self._notifier is not None and batch.status.unsent:
                self._notifier.on_unsent(About.of(EventType.BATCH_FINISHED, batch.metadata))
        elif int(batch.metadata.resource_version or 0) <= entry.version:
            return
        else:
            self._replace(entry, batch)
        self._queue.add(uid)

    def on_gone(self, uid: str) -> None:
        """Forget a batch that was deleted. Its requests go with it: it owns them."""
        entry = self._entries.pop(uid, None)
        if entry is not None:
            entry.stop()
            self._hands.forget(entry)
            self._queue.forget(uid)
            self._requeue()

    def offer(self, request: AnalysisRequest) -> None:
        """Hear of a request's new state, as a Sink."""
        namespace, name = request.metadata.namespace, request.metadata.name
        for uid, entry in self._entries.items():
            if entry.batch.metadata.namespace != namespace or entry.batch.status.finished:
                continue
            if Load in entry.tasks and name.startswith(entry.batch.metadata.name[:_SAME]):
                entry.early[name] = request
            if entry.work is not None and (known := entry.work.known.get(name)) is not None:
                self._hands.adopt(entry, entry.work, Child(request, uid, known.row.line))
                if request.status.finished:
                    self._queue.add(uid)

    def deleted(self, uid: str) -> None:
        """Hear that a request was deleted, as a Sink."""
        owner, name = self._hands.children.pop(uid, ("", ""))
        entry = self._entries.get(owner)
        if entry is None or entry.work is None:
            return
        if entry.batch.status.stop_reason:
            entry.work.forget(name)
        else:
            entry.work.removed(name, Reason.DELETED, "The AnalysisRequest was deleted before it had finished.")
        self._queue.add(owner)

    def _replace(self, entry: Entry, batch: AnalysisBatch) -> None:
        before, entry.batch = entry.batch, batch
        if batch.metadata.generation != before.metadata.generation or batch.status.finished != before.status.finished:
            self._requeue()  # it may be another one's turn

    def _requeue(self) -> None:
        for uid, entry in self._entries.items():
            if not entry.batch.status.finished:
                self._queue.add(uid, low=True)

    def _again(self, uid: str, seconds: float) -> None:
        if uid not in self._entries:
            return
        if seconds > 0:
            self._queue.add_later(uid, seconds)
        else:
            self._queue.add(uid)

    # ---- plan and act

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_WORKERS):
                    group.create_task(self._work())
        finally:
            for entry in self._entries.values():
                entry.stop()

    async def _work(self) -> None:
        while True:
            uid = await self._queue.get()
            try:
                if (entry := self._entries.get(uid)) is not None:
                    await self._reconcile(uid, entry)
            except Exception:
                metrics.RECONCILE_ERRORS.inc()
                log.exception("reconcile failed", uid=uid)
                self._again(uid, _AGAIN_SECONDS)
            finally:
                self._queue.done(uid)

    async def _reconcile(self, uid: str, entry: Entry) -> None:
        if entry.batch.metadata.deletion_timestamp is not None:
            entry.stop()
            return
        if entry.work is not None:
            entry.work.settle(entry.batch.status)
        now = self._clock()
        decided = plan(self._observed(uid, entry, now), now)
        entry.speed.add(now, decided.status.counts.total)
        for action in decided.actions:
            if not isinstance(action, Notify):
                self._hands.act(entry, action)
        if decided.status != entry.batch.status and (decided.urgent or self._may_write(uid, entry)):
            await self._write(uid, entry, decided)
        if decided.requeue_after is not None and uid in self._entries:
            self._queue.add_later(uid, decided.requeue_after)

    def _observed(self, uid: str, entry: Entry, now: datetime) -> Observation:
        return Observation(
            entry.batch,
            self._policy,
            entry.work,
            entry.trouble,
            has_turn=uid in at_work(each.batch for each in self._entries.values()),
            total=entry.total,
            per_minute=entry.speed.per_minute(now, entry.batch.status.counts.total),
            clock_doubted=self._clock_doubted(),
            unsent=self._unsent(entry.batch),
        )

    def _unsent(self, batch: AnalysisBatch) -> list[ConditionRow]:
        if self._notifier is None:
            return []
        return self._notifier.unsent(EventType.BATCH_FINISHED, batch.metadata.namespace)

    def _may_write(self, uid: str, entry: Entry) -> bool:
        wait = entry.write_not_before - asyncio.get_running_loop().time()
        if wait > 0:
            self._queue.add_later(uid, wait, low=True)
        return wait <= 0

    async def _write(self, uid: str, entry: Entry, decided: Plan) -> None:
        ends = decided.status.finished and not entry.batch.status.finished
        try:
            written = await self._batches.write_status(entry.batch, decided.status)
        except Conflict:
            await self._read_again(uid, entry)
            return
        except Gone:
            await self._read_again(uid, entry)
            return
        except ApiUnavailable as error:
            log.warning("status not written, will be tried again", uid=uid, error=str(error))
            self._again(uid, entry.failed(Plan, None))
            return
        entry.succeeded(Plan)
        if int(written.metadata.resource_version or 0) > entry.version:
            self._replace(entry, written)
        entry.write_not_before = asyncio.get_running_loop().time() + PROGRESS_SECONDS
        self._queue.add(uid)
        if ends:
            await self._on_finished(entry, decided)

    async def _on_finished(self, entry: Entry, decided: Plan) -> None:
        entry.stop()
        entry.work = None
        self._hands.forget(entry)
        self._spans.on_batch_finished(entry.batch)
        if self._notifier is not None:
            self._notifier.on_finished(entry.batch)
        for action in decided.actions:
            if isinstance(action, Notify):
                metrics.BATCHES.labels(action.reason).inc()
                await self._batches.notify(entry.batch, action)

    async def _read_again(self, uid: str, entry: Entry) -> None:
        try:
            self.observe(await self._batches.get(entry.batch))
        except Gone:
            self.on_gone(uid)
        except ApiUnavailable as error:
            log.warning("batch not read, will be tried again", uid=uid, error=str(error))
        self._again(uid, _AGAIN_SECONDS)
