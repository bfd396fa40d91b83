"""The one reconcile path of requests: observe, plan, start or stop work, write the status once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest, ConditionRow, EventType, RequestStatus
from analysis_operator.cache.store import VerdictCache
from analysis_operator.callbacks.decision import is_pending
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.records.sink import Sink
from analysis_operator.report.ports import ReportWriter
from analysis_operator.requests.actions import CallBack, Enqueue, LookUp, Notify, Plan, Stop, WriteReport
from analysis_operator.requests.admission import Admission
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.earlier import EarlierResults
from analysis_operator.requests.expiry import Expiry
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.observation import Observation, Policy, Run
from analysis_operator.requests.plan import plan
from analysis_operator.requests.ports import Requests
from analysis_operator.requests.reading import Reader
from analysis_operator.requests.spans import Spans
from analysis_operator.requests.status_writer import StatusWriter
from analysis_operator.requests.view import Entry, RequestView
from analysis_operator.work_queue import WorkQueue
from guardian_service import tracing

log = structlog.get_logger(__name__)

_WORKERS = 16


class RequestController:
    """Keeps a view of all requests and moves each to the status that `plan` decides. One event loop, no locks.

    Args:
        requests: reads and writes them.
        dispatcher: runs their analyses.
        callbacks: answers the state machines that wait for them.
        reports: writes the page for people.
        sink: keeps what became of requests.
        policy: what the installation decided.
        clock: the time in UTC.
        intake: which requests are worked on now.
        clock_doubted: whether that is perhaps wrong.
        cache: earlier results; None: nothing is adopted.
        notifier: sends events about them; None: no events.
        spans: of their reports, and of all of each.
    """

    def __init__(
        self,
        requests: Requests,
        dispatcher: Dispatcher,
        callbacks: CallbackSender,
        *,
        reports: ReportWriter,
        sink: Sink,
        policy: Policy,
        clock: Callable[[], datetime],
        intake: Intake | None = None,
        clock_doubted: Callable[[], bool] = lambda: False,
        cache: VerdictCache | None = None,
        notifier: Notifier | None = None,
        spans: Spans | None = None,
    ) -> None:
        self._requests = requests
        self._dispatcher = dispatcher
        self._callbacks = callbacks
        self._reports = reports
        self._sink = sink
        self._policy = policy
        self._clock = clock
        self._clock_doubted = clock_doubted
        self._notifier = notifier
        self._spans = spans or Spans(tracing.OFF)
        self._queue = WorkQueue()
        self._earlier = EarlierResults(cache, self._queue.add)
        self.view = RequestView(sink, self._queue, intake or Intake())
        self.reader = Reader(requests, self.view, self._queue, self.on_deleted)
        self._admission = Admission(requests, self.view, self.on_deleted, lambda: None if clock_doubted() else clock())
        self._expiry = Expiry(requests, self.view.closed, clock, clock_doubted)
        self._writer = StatusWriter(requests, self.reader, self.view, self._queue, sink)
        dispatcher.run_changed.connect(lambda uid, waits: self._queue.add(uid, low=waits))
        callbacks.replied.connect(self._queue.add)

    def on_deleted(self, uid: str, *, closed: bool = False) -> None:
        """Take a deleted request out of the view and stop its work. ``closed``: it was closed when it went."""
        entry, request = self.view.get(uid), self.view.open_request(uid)
        self.view.remove(uid)
        self._admission.make_room(uid)
        self._queue.forget(uid)
        self._dispatcher.stop(uid)
        self._earlier.on_deleted(uid)
        if entry is not None and entry.reporting is not None:
            entry.reporting.cancel()
        if request is not None and not closed:
            self._callbacks.on_deleted(request)
        self._sink.deleted(uid)

    async def reoffer(self, uid: str) -> None:
        """Read a request whole and offer it to the sink, which lost it. Raises ApiUnavailable."""
        if (which := self.view.named(uid)) is not None:
            with suppress(Gone):  # the watch reports the deletion
                self._sink.offer(await self._requests.get(which))

    def requeue_all(self) -> None:
        """Plan every unfinished request again, after all that is urgent."""
        self._admission.make_room()
        for uid in self.view.unfinished():
            self._queue.add(uid, low=True)

    async def run(self) -> None:
        """Work until cancelled; then every stream is closed."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._expiry.run())
                for _ in range(_WORKERS):
                    group.create_task(self._work())
        finally:
            await self._dispatcher.close()

    async def _work(self) -> None:
        while True:
            uid = await self._queue.get()
            try:
                await self._reconcile(uid)
            except ApiUnavailable as error:
                log.warning("not done, will be tried again", uid=uid, error=str(error))
                self.view.retry(uid)
            except Exception:
                metrics.RECONCILE_ERRORS.inc()
                log.exception("reconcile failed", uid=uid)
                self.view.retry(uid)
            finally:
                self._queue.done(uid)

    async def _reconcile(self, uid: str) -> None:
        entry = self.view.get(uid)
        if entry is None:
            await self.reader.read_whole(uid)
        elif entry.left_at is not None and not (entry.closed and entry.version >= entry.left_at):
            await self.reader.read_left(uid, entry, entry.left_at)
        elif entry.request.metadata.deletion_timestamp is not None:
            self._dispatcher.stop(uid)
        else:
            await self._carry_out(uid, entry)

    async def _carry_out(self, uid: str, entry: Entry) -> None:
        await self._end(entry)  # an earlier write may have succeeded though its answer was lost
        runs = self._dispatcher.runs(uid)
        decided = plan(self._observation(uid, entry, runs), self._clock())
        self._earlier.advance(entry.request, decided.status, runs)
        self._start_and_stop(entry, decided)
        if decided.status == entry.request.status:
            self._on_recorded(uid, runs)  # an earlier write may have succeeded though its answer was lost
            if entry.closed:
                self._queue.forget(uid)
                self._callbacks.forget(uid)
                self._earlier.forget(uid)
                self._dispatcher.stop(uid)  # if the answer to the write of its end was lost, it may still wait there
                self.view.close(entry)
                return
            if decided.parked:
                self._park(uid, entry)
                return
        else:
            if not decided.urgent and not self._writer.may_write(uid, entry):
                return
            if not await self._writer.write(uid, entry, decided):
                return
            self._on_recorded(uid, runs)
            if not await self._end(entry):
                await self._notify(entry, decided)
            if entry.closed or decided.parked:
                self._queue.add(uid, low=True)  # to see that nothing is left to write
        if decided.requeue_after is not None and uid in self.view:
            self._queue.add_later(uid, decided.requeue_after)

    def _observation(self, uid: str, entry: Entry, runs: Mapping[str, Run]) -> Observation:
        request, earlier = entry.request, self._earlier.of(entry.request)
        return Observation(
            request=request,
            pools=self._dispatcher.pools(),
            runs=runs,
            report=entry.report,
            policy=self._policy,
            delivery=self._callbacks.delivery(uid),
            unsent=self._unsent(request),
            missing_since=self._dispatcher.missing_since(request.spec.analyzers),
            clock_doubted=self._clock_doubted(),
            earlier=earlier,
            ahead=self._earlier.ahead(request, earlier),
        )

    def _unsent(self, request: AnalysisRequest) -> list[ConditionRow]:
        meta = request.metadata
        if self._notifier is None or meta.batch_uid is not None:  # the event is the batch's
            return []
        return self._notifier.unsent(EventType.REQUEST_FINISHED, meta.namespace)

    def _park(self, uid: str, entry: Entry) -> None:
        self._queue.forget(uid)
        self._earlier.forget(uid)
        self.view.park(entry)
        self._admission.make_room()

    async def _end(self, entry: Entry) -> bool:
        """Do what follows once from an end that this process wrote. Return whether there was one to follow up."""
        if not entry.ends or not entry.request.status.finished:
            return False
        event = entry.ends.get(entry.request.status.finished_at)
        entry.ends.clear()
        if event is not None:  # or another operator wrote another end
            self._on_finished(entry)
            await self._requests.notify(entry.request, event)
        return True

    def _start_and_stop(self, entry: Entry, decided: Plan) -> None:
        """Act before the write, so that work does not wait for it: every action here may be repeated."""
        uid, prefix = entry.request.metadata.uid, self._policy.result_prefix(entry.request)
        for action in decided.actions:
            match action:
                case Enqueue(analyzer, source, pod, known):
                    self._dispatcher.enqueue(entry.request, analyzer, source, prefix, known, resume_on=pod)
                    self._earlier.begin(entry.request, analyzer)
                case LookUp(analyzer):
                    self._earlier.look_up(entry.request, analyzer)
                case Stop(analyzer):
                    self._dispatcher.stop(uid, analyzer)
                case WriteReport(status) if entry.reporting is None:
                    # A page that is soon there needs no write that says that it is written.
                    entry.hold_progress()
                    entry.reporting = asyncio.create_task(self._write_report(entry, status, prefix or ""))
                case CallBack(answer):
                    self._callbacks.send(entry.request, answer)

    async def _write_report(self, entry: Entry, status: RequestStatus, prefix: str) -> None:
        span = self._spans.report(entry.request)
        with tracing.active(span):
            entry.report = await self._reports.write(entry.request, status, prefix)
        if span is not None:
            span.end(error=entry.report.problem)
        self._queue.add(entry.request.metadata.uid)

    def _on_recorded(self, uid: str, runs: Mapping[str, Run]) -> None:
        for name, run in runs.items():
            if run.outcome is not None:
                self._dispatcher.recorded(uid, name)
                self._queue.add(uid)  # what follows from the outcome, perhaps another attempt, may start now

    def _on_finished(self, entry: Entry) -> None:
        uid = entry.request.metadata.uid
        self._admission.make_room(uid)
        self._dispatcher.stop(uid)  # a cancelled one may still wait for a slot
        self._earlier.forget(uid)
        entry.report = entry.reporting = None
        self._callbacks.on_finished(entry.request)
        if self._notifier is not None:
            self._notifier.on_finished(entry.request)
        # Once more: to answer the state machine that waits, or to see that nothing is left to write.
        self._queue.add(uid, low=not is_pending(entry.request))
        metrics.record_end(entry.request, self._spans.recorded(entry.request))
        self._spans.on_finished(entry.request)

    async def _notify(self, entry: Entry, decided: Plan) -> None:
        for action in decided.actions:
            if isinstance(action, Notify):
                await self._requests.notify(entry.request, action)
