"""The one reconcile path of requests: observe, plan, start or stop work, write the status once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.callbacks import decision as callback
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.requests.actions import CallBack, Delete, Enqueue, Notify, Plan, Stop, WriteReport
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import Observation, Policy, Report, Run
from analysis_operator.requests.plan import plan
from analysis_operator.requests.ports import Reports, Requests, Sink, StateMachines
from analysis_operator.work_queue import WorkQueue

log = structlog.get_logger(__name__)

PROGRESS_SECONDS = 2.0
"""Progress is written at most this often for one request."""
SETTLE_SECONDS = 0.2
"""The first word waits this long: a request that ends sooner needs only one write."""
_WORKERS = 16
_BACKOFF = (0.5, 30.0)


@dataclass(slots=True)
class _Entry:
    """What this process knows of one request; all of it can be lost and found again."""

    request: AnalysisRequest
    write_not_before: float
    backoff: float = _BACKOFF[0]
    report: Report | None = None
    reporting: asyncio.Task[None] | None = None


class RequestController:
    """Keeps a view of all requests and moves each to where `plan` wants it. One event loop, no locks.

    Args:
        requests: where they live.
        dispatcher: builds the dispatcher, given the callback that it reports changes to.
        reports: writes the page for people.
        machines: where state machines wait for the end of a request.
        sink: keeps what became of requests.
        policy: what the installation decided.
        clock: the time in UTC.
    """

    def __init__(
        self,
        requests: Requests,
        dispatcher: Callable[[Callable[[str, bool], None]], Dispatcher],
        *,
        reports: Reports,
        machines: StateMachines,
        sink: Sink,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._requests = requests
        self._reports = reports
        self._sink = sink
        self._policy = policy
        self._clock = clock
        self._view: dict[str, _Entry] = {}
        self._queue = WorkQueue()
        self._callbacks = CallbackSender(machines, clock, self._queue.add)
        self.dispatcher = dispatcher(lambda uid, low: self._queue.add(uid, low=low))

    # ---- what is seen

    def observe(self, request: AnalysisRequest) -> None:
        """Take note of a request as read; what is older than the known version changes nothing."""
        uid = request.metadata.uid
        entry = self._view.get(uid)
        if entry is None:
            settled = asyncio.get_running_loop().time() + SETTLE_SECONDS
            self._view[uid] = _Entry(request, write_not_before=settled)
        elif _version(request) <= _version(entry.request):
            return
        else:
            entry.request = request
        self._sink.offer(request)
        self._queue.add(uid)

    def on_deleted(self, uid: str) -> None:
        """Take note that a request is no more; its work stops."""
        entry = self._view.pop(uid, None)
        self._queue.forget(uid)
        self.dispatcher.stop(uid)
        if entry is not None and entry.reporting is not None:
            entry.reporting.cancel()
        if entry is not None:
            self._callbacks.on_deleted(entry.request)
        self._sink.deleted(uid)

    def resource_versions(self) -> Mapping[str, str]:
        """Give the resource version of every known request, by UID."""
        return {uid: entry.request.metadata.resource_version for uid, entry in self._view.items()}

    async def reoffer(self, uid: str) -> None:
        """Read a request whole and offer it to the sink, which lost it. Raises ApiUnavailable."""
        entry = self._view.get(uid)
        if entry is not None:
            with suppress(Gone):  # the watch tells
                self._sink.offer(await self._requests.get(entry.request))

    def requeue_all(self) -> None:
        """Plan every unfinished request again, at leisure."""
        for uid, entry in self._view.items():
            if not entry.request.status.finished:
                self._queue.add(uid, low=True)

    # ---- what is done

    async def run(self) -> None:
        """Work until cancelled; then every stream is closed."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_WORKERS):
                    group.create_task(self._work())
        finally:
            await self.dispatcher.close()

    async def _work(self) -> None:
        while True:
            uid = await self._queue.get()
            try:
                await self._reconcile(uid)
            except Exception:
                metrics.RECONCILE_ERRORS.inc()
                log.exception("reconcile failed", uid=uid)
                self._retry(uid)
            finally:
                self._queue.done(uid)

    async def _reconcile(self, uid: str) -> None:
        entry = self._view.get(uid)
        if entry is None:
            return
        if entry.request.metadata.deletion_timestamp is not None:
            self.dispatcher.stop(uid)
            return
        runs = self.dispatcher.runs(uid)
        delivery = self._callbacks.delivery(uid)
        observed = Observation(entry.request, self.dispatcher.pools(), runs, entry.report, self._policy, delivery)
        decided = plan(observed, self._clock())
        self._start_and_stop(entry, decided)
        if decided.status == entry.request.status:
            self._recorded(uid, runs)  # the answer to an earlier write may have been lost, and not the write
            if decided.status.finished and not callback.pending(entry.request):
                self._callbacks.forget(uid)
                entry.request = _kept_until_deleted(entry.request)
        else:
            if not decided.urgent and not self._may_write(uid, entry):
                return
            ends = decided.status.finished and not entry.request.status.finished
            if not await self._write(uid, entry, decided.status, runs):
                return
            if ends:
                self._ended(entry)
            await self._announce(entry, decided)
        if any(isinstance(action, Delete) for action in decided.actions):
            await self._requests.delete(entry.request)
        if decided.requeue_after is not None and uid in self._view:
            self._queue.add_later(uid, decided.requeue_after)

    def _start_and_stop(self, entry: _Entry, decided: Plan) -> None:
        """Before the write, so that work does not wait for it: nothing here would be wrong if done twice."""
        uid = entry.request.metadata.uid
        for action in decided.actions:
            match action:
                case Enqueue(analyzer, source):
                    self.dispatcher.enqueue(entry.request, analyzer, source, self._prefix(entry.request))
                case Stop(analyzer):
                    self.dispatcher.stop(uid, analyzer)
                case WriteReport(status) if entry.reporting is None:
                    entry.reporting = asyncio.create_task(self._report(entry, status))
                case CallBack(answer):
                    self._callbacks.send(entry.request, answer)

    async def _report(self, entry: _Entry, status: RequestStatus) -> None:
        entry.report = await self._reports.write(entry.request, status)
        self._queue.add(entry.request.metadata.uid)

    def _may_write(self, uid: str, entry: _Entry) -> bool:
        now = asyncio.get_running_loop().time()
        if now >= entry.write_not_before:
            return True
        self._queue.add_later(uid, entry.write_not_before - now, low=True)
        return False

    async def _write(self, uid: str, entry: _Entry, status: RequestStatus, runs: Mapping[str, Run]) -> bool:
        refused = _version(entry.request)
        try:
            written = await self._requests.write_status(entry.request, status)
        except Conflict:
            await self._read_again(uid, entry, refused)
            return False
        except Gone:
            self.on_deleted(uid)
            return False
        except ApiUnavailable as error:
            log.warning("status not written, will be tried again", uid=uid, error=str(error))
            self._retry(uid)
            return False
        metrics.STATUS_WRITES.inc()
        if _version(written) > _version(entry.request):
            entry.request = written
            self._sink.offer(written)
        entry.backoff = _BACKOFF[0]
        entry.write_not_before = asyncio.get_running_loop().time() + PROGRESS_SECONDS
        self._recorded(uid, runs)
        return True

    async def _read_again(self, uid: str, entry: _Entry, refused: int) -> None:
        """After a conflict: plan again at once if there is a newer version, and else later."""
        try:
            self.observe(await self._requests.get(entry.request))
        except Gone:
            self.on_deleted(uid)
            return
        except ApiUnavailable as error:
            log.warning("request not read after a conflict, will be tried again", uid=uid, error=str(error))
        if _version(entry.request) > refused:
            self._queue.add(uid)
        else:
            self._retry(uid)

    def _recorded(self, uid: str, runs: Mapping[str, Run]) -> None:
        for name, run in runs.items():
            if run.outcome is not None:
                self.dispatcher.recorded(uid, name)
                self._queue.add(uid)  # what follows from the outcome, another attempt perhaps, may start now

    def _ended(self, entry: _Entry) -> None:
        uid = entry.request.metadata.uid
        self.dispatcher.stop(uid)  # a cancelled one may still wait for a slot
        entry.report = entry.reporting = None
        self._callbacks.on_finished(entry.request)
        # Once more: to tell the state machine that waits, or to find that nothing is left to write.
        self._queue.add(uid, low=not callback.pending(entry.request))
        metrics.record_end(entry.request)

    async def _announce(self, entry: _Entry, decided: Plan) -> None:
        for action in decided.actions:
            if isinstance(action, Notify):
                await self._requests.notify(entry.request, action)

    def _retry(self, uid: str) -> None:
        entry = self._view.get(uid)
        if entry is not None:
            self._queue.add_later(uid, entry.backoff)
            entry.backoff = min(entry.backoff * 2, _BACKOFF[1])

    def _prefix(self, request: AnalysisRequest) -> str | None:
        return result_prefix(self._policy, request)


def result_prefix(policy: Policy, request: AnalysisRequest) -> str | None:
    """Give where the results of a request go, with a slash at the end; the UID keeps namesakes apart."""
    if policy.results_uri is None:
        return None
    meta = request.metadata
    return f"{policy.results_uri.rstrip('/')}/{meta.namespace}/{meta.name}/{meta.uid}/"


def _kept_until_deleted(request: AnalysisRequest) -> AnalysisRequest:
    """Give what a finished request needs while it waits for its deletion; a week of them must fit into memory.

    Only for one whose status needs no write: an edit brings the whole object again.
    """
    status = request.status
    kept = RequestStatus(
        observed_generation=status.observed_generation, finished_at=status.finished_at, conditions=status.conditions
    )
    return request.model_copy(update={"status": kept})


def _version(request: AnalysisRequest) -> int:
    # Comparable as integers within one resource, by the API's own promise since Kubernetes 1.35.
    return int(request.metadata.resource_version or 0)
