"""Run attempts: wait for a slot, stream from a pod, and keep what the run reported until it is recorded."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest, PinnedSource
from analysis_operator.errors import Busy, Draining, Unreachable
from analysis_operator.requests.attempt import Attempt
from analysis_operator.requests.fair_queue import FairQueue, QueuedAnalysis
from analysis_operator.requests.limits import Limits
from analysis_operator.requests.observation import Outcome, PodLost, PoolView, Run
from analysis_operator.requests.pool import Pod, WorkerPool, job_of
from analysis_operator.requests.ports import Endpoint, Runner
from analysis_operator.requests.resumption import Resumption
from analysis_operator.requests.spans import Spans
from analysis_operator.signals import Signal
from analyzer_contract import Failure, FailureKind, FailureReason, Known, KnownContent
from guardian_service import tracing

log = structlog.get_logger(__name__)

_UNREACHABLE_PAUSE = 1.0
_DRAINING_PAUSE = 5.0
_CANCELLED_PAUSE = 0.2


class Dispatcher:
    """The slots, queued analyses and runs of every pool. All calls come from one event loop.

    Args:
        runner: carries a job to a pod.
        clock: the time in UTC.
        limits: what one namespace may run.
        spans: of what waits and runs.
    """

    def __init__(
        self, runner: Runner, clock: Callable[[], datetime], limits: Limits | None = None, spans: Spans | None = None
    ) -> None:
        self._runner = runner
        self._limits = limits or Limits()
        self._clock = clock
        self._spans = spans or Spans(tracing.OFF)
        self.run_changed = Signal[str, bool]()
        """Sent with a request's UID when one of its runs moved, or (True) when only the reason of its wait did."""
        self.backlog_changed = Signal[str]()
        """Sent with a pool's name when the number of queued or running analyses, or of slots, has changed."""
        self._pools: dict[str, WorkerPool] = {}
        self._began = clock()
        self._dropped: dict[str, datetime] = {}
        self._arrivals = itertools.count()
        self._cancellations: set[asyncio.Task[None]] = set()
        self._resumption = Resumption(self._pump, self._replace)

    # ---- pools

    def set_pool(self, name: str, concurrency: int, *, paused: bool = False) -> None:
        """Add a pool, or change how many analyses one of its pods takes at a time, and whether it begins any."""
        pool = self._made_pool(name)
        if self._dropped.pop(name, None):
            log.info("the Analyzer is there again", analyzer=name)
        before = pool.concurrency, pool.paused
        pool.concurrency, pool.paused = concurrency, paused
        self._pump(name)
        if before != (concurrency, paused):
            self.backlog_changed.send(name)
        if before[1] != paused:
            self._reason_changed(pool)

    def drop_pool(self, name: str) -> None:
        """Remove a pool; every request that waits for it or runs in it is planned again."""
        pool = self._pools.pop(name, None)
        if pool is not None:
            self._dropped[name] = self._clock()
        for task in list(pool.tasks.values()) if pool else ():
            task.cancel()
        for key in {*pool.queue, *pool.tasks, *pool.resumed} if pool else ():
            self.run_changed.send(key, False)

    def set_endpoints(self, name: str, endpoints: Iterable[Endpoint], problem: str = "") -> None:
        """Replace the pods of a pool that take work; `problem` is what keeps others from taking it."""
        pool = self._made_pool(name)
        before = (bool(pool.pods), pool.problem)
        pool.replace_pods(endpoints)
        pool.problem = problem
        self._pump(name)
        if before[0] != bool(pool.pods):
            self.backlog_changed.send(name)
        if before != (bool(pool.pods), problem):
            self._reason_changed(pool)

    def pools(self) -> dict[str, PoolView]:
        """Return every pool as decisions see it."""
        return {name: pool.view() for name, pool in self._pools.items()}

    def missing_since(self, names: Iterable[str]) -> dict[str, datetime]:
        """Return from when on those without a pool are known to be missing: since this process began, or later."""
        return {name: self._dropped.get(name, self._began) for name in names if name not in self._pools}

    def pool(self, name: str) -> PoolView | None:
        """Return one pool as decisions see it, or None if there is none of this name."""
        pool = self._pools.get(name)
        return pool.view() if pool else None

    def backlog(self, name: str) -> tuple[int, int]:
        """Return how many analyses wait for slots of a pool, as far as they may have more, and how many run in it."""
        pool = self._pools.get(name)
        return (pool.queue.startable(pool.running), len(pool.tasks) + len(pool.resumed)) if pool else (0, 0)

    # ---- work

    def enqueue(
        self,
        request: AnalysisRequest,
        analyzer: str,
        source: PinnedSource | None,
        prefix: str | None,
        known: Known | KnownContent | None = None,
        *,
        resume_on: str | None = None,
    ) -> None:
        """Queue an analysis. One that is queued gets the new priority; one that runs goes on.

        One that a pod may still have waits for that pod first, and needs no free slot there.
        """
        pool, meta, uid = self._pools[analyzer], request.metadata, request.metadata.uid
        if uid in pool.tasks or uid in pool.runs or uid in pool.resumed:
            return
        since = meta.creation_timestamp or self._clock()
        order = pool.jobs[uid][0].order if uid in pool.jobs else next(self._arrivals)
        priority = self._limits.priority(meta.namespace, request.spec.priority)
        analysis, is_new = QueuedAnalysis(uid, meta.namespace, priority, since, order), uid not in pool.jobs
        pool.jobs[uid] = (analysis, job_of(request, analyzer, source, prefix, known))
        self._spans.queued(request, analyzer)
        if resume_on and is_new:
            self._resumption.wait_for(analyzer, pool, uid, resume_on)
        else:
            pool.queue.add(analysis)
        self._pump(analyzer)
        self.backlog_changed.send(analyzer)

    def runs(self, uid: str) -> dict[str, Run]:
        """Return the runs of one request: those that run, and those whose outcome is not yet recorded."""
        return {name: pool.runs[uid] for name, pool in self._pools.items() if uid in pool.runs}

    def recorded(self, uid: str, analyzer: str) -> None:
        """Forget the outcome of a run: it is in the status now."""
        pool = self._pools.get(analyzer)
        if pool is not None and uid not in pool.tasks:
            pool.runs.pop(uid, None)

    def stop(self, uid: str, analyzer: str | None = None) -> None:
        """Take a request out of the queue, stop its run, and forget its outcome: for one analyzer or for all."""
        self._spans.dropped(uid, analyzer)
        for name, pool in self._pools.items():
            if analyzer not in {None, name}:
                continue
            queued = uid in pool.queue or uid in pool.resumed
            pool.queue.discard(uid)
            pool.forget(uid)
            if task := pool.tasks.get(uid):
                task.cancel()
            if queued:
                self.backlog_changed.send(name)

    async def close(self) -> None:
        """Leave everything; every stream is closed when this returns. The pods keep the work for the next operator."""
        tasks = [task for pool in self._pools.values() for task in pool.tasks.values()]
        self._pools = {}  # or a slot that becomes free would start the next attempt
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._cancellations, return_exceptions=True)

    # ---- inside

    def _made_pool(self, name: str) -> WorkerPool:
        return self._pools.setdefault(name, WorkerPool(FairQueue(self._limits.running)))

    def _pump(self, name: str) -> None:
        """Start every attempt that can start now."""
        pool = self._pools.get(name)
        while pool and (resumed := pool.take_resumed()):
            self._start(name, pool, *resumed)
        while pool and len(pool.queue):
            pod = pool.least_busy(asyncio.get_running_loop().time())
            taken = pool.queue.take(pool.running) if pod else None
            if pod is None or taken is None:
                return
            self._start(name, pool, pod, taken.key)

    def _start(self, name: str, pool: WorkerPool, pod: Pod, uid: str) -> None:
        analysis, job = pool.jobs[uid]
        pod.in_flight += 1
        pool.running[analysis.namespace] += 1
        attempt = Attempt(name, pool, pod, analysis, job, self._clock())
        with tracing.active(self._spans.started(uid, name)):
            task = asyncio.create_task(self._attempt(attempt))
        pool.tasks[uid] = task
        # Not a `finally` in the task: a task that is cancelled before its first step never enters its body.
        task.add_done_callback(partial(self._ended, attempt))

    def _replace(self, attempt: Attempt) -> None:
        """Have the pod stop what it has of this name, and send it the job again."""
        self._cancel(attempt)
        self._rest(attempt.analyzer, attempt.pod, _CANCELLED_PAUSE)

    def _cancel(self, attempt: Attempt) -> None:
        """Have the pod stop work that is not wanted any more."""
        task = asyncio.create_task(self._runner.cancel(attempt.pod.endpoint, attempt.job))
        self._cancellations.add(task)
        task.add_done_callback(self._cancellations.discard)

    async def _attempt(self, attempt: Attempt) -> Outcome | None:
        """Run one attempt. None: the pod did not take the job, so it does not count."""
        name, pod = attempt.analyzer, attempt.pod
        try:
            outcome = await self._outcome(attempt)
            self._accepted(attempt.pool)
            if isinstance(outcome, PodLost):
                # A pod that resets every stream at once must not use up all disruptions within a second.
                self._rest(name, pod, _UNREACHABLE_PAUSE)
            return outcome
        except Busy as error:
            if not self._resumption.take_up(attempt, error.unattended):
                self._refused(attempt, "has no free slot, though it has no work from here", error.retry_after)
        except Draining:
            self._refused(attempt, "takes no new work", _DRAINING_PAUSE)
        except Unreachable as error:
            log.info("pod unreachable", pod=pod.endpoint.pod, error=str(error))
            self._refused(attempt, "cannot be reached", _UNREACHABLE_PAUSE)
        except Exception as error:
            log.exception("attempt failed inside the operator", analyzer=name, uid=attempt.analysis.key)
            message = f"The operator failed while it ran this attempt: {error!r}."
            return Failure(kind=FailureKind.INTERNAL, reason=FailureReason.INTERNAL_ERROR, message=message[:1000])
        return None

    def _ended(self, attempt: Attempt, task: asyncio.Task[Outcome | None]) -> None:
        """Free the slot and keep the outcome in one step, so that no outcome is seen whose slot is still taken."""
        name, pool, pod, analysis = attempt.analyzer, attempt.pool, attempt.pod, attempt.analysis
        uid, outcome = analysis.key, None if task.cancelled() else task.result()
        told = "Cancelled" if task.cancelled() else type(outcome).__name__ if outcome else None
        self._spans.ended(uid, name, pod.endpoint.pod, told)
        pod.in_flight -= 1
        pool.running[analysis.namespace] -= 1
        if not pool.running[analysis.namespace]:
            del pool.running[analysis.namespace]
        pool.tasks.pop(uid, None)
        if task.cancelled() or uid not in pool.jobs:  # stopped: its outcome is not needed
            if uid not in pool.jobs:  # and not only left to the next operator
                self._cancel(attempt)
            pool.forget(uid)
        elif outcome is None:
            pool.queue.give_back(analysis)
        else:
            attempt.update(outcome=outcome, ended_at=self._clock())
            pool.jobs.pop(uid, None)
            metrics.ATTEMPTS.labels(name, type(outcome).__name__).inc()
        self._pump(name)
        self.backlog_changed.send(name)
        self.run_changed.send(uid, False)

    async def _outcome(self, attempt: Attempt) -> Outcome:
        try:
            return await attempt.follow(self._runner, partial(self._moved, attempt))
        except TimeoutError:
            self._cancel(attempt)
            return PodLost(f"Pod {attempt.pod.endpoint.pod} kept the connection open past the deadline.")

    def _moved(self, attempt: Attempt) -> None:
        self._accepted(attempt.pool)
        self.run_changed.send(attempt.analysis.key, False)

    def _refused(self, attempt: Attempt, why: str, pause: float) -> None:
        if attempt.pool.refuses(attempt.pod, why):
            log.warning("the pods of an analyzer refuse work", analyzer=attempt.analyzer, problem=attempt.pool.refusal)
            self._reason_changed(attempt.pool)
        self._rest(attempt.analyzer, attempt.pod, pause)

    def _accepted(self, pool: WorkerPool) -> None:
        if pool.accepts():
            self._reason_changed(pool)

    def _reason_changed(self, pool: WorkerPool) -> None:
        for key in pool.queue:
            self.run_changed.send(key, True)

    def _rest(self, name: str, pod: Pod, seconds: float) -> None:
        """Send no job to a pod for a while, then try again."""
        loop = asyncio.get_running_loop()
        pod.rests_until = loop.time() + seconds
        loop.call_later(seconds + 0.001, self._pump, name)
