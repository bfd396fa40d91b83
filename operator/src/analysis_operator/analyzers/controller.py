"""The reconcile path of Analyzers: apply their child objects, pass on which pods take work, and write the status."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import chain

import structlog
from pydantic import ValidationError

from analysis_operator import metrics
from analysis_operator.analyzers.applier import ChildApplier
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.analyzers.pod_view import PodView, analyzer_of, uid_of
from analysis_operator.analyzers.pods import PodFacts, has_restarted, is_ready, pod_facts
from analysis_operator.analyzers.prober import ReadinessProber
from analysis_operator.analyzers.state import AnalyzerState
from analysis_operator.analyzers.status import PoolFacts, pool_problem, pool_status, scaling_events, should_write
from analysis_operator.analyzers.usage import Meter
from analysis_operator.api import Analyzer, AnalyzerStatus
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Rejected
from analysis_operator.kube.objects import ANALYZER_LABEL, KubeObject
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.ports import Endpoint
from analysis_operator.scaling.keda import KedaController
from analysis_operator.work_queue import WorkQueue
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

_WORKERS = 4
"""A webhook that does not answer holds one worker for ten seconds, and not the other Analyzers."""
_RETRY_SECONDS = 2.0
_STATUS_SECONDS = 2.0
_PROBLEM_SECONDS = 10.0
"""The problem that waiting requests show changes at most this often: each of them costs a write."""
_EVENT_SECONDS = 60.0
"""One event of a kind for one pool at most this often; the status shows the rest."""


class AnalyzerController:
    """Every Analyzer of one namespace. All calls come from one event loop.

    Args:
        store: the Analyzers and their child objects.
        keda: their ScaledObjects.
        dispatcher: gets the pods that take work, and knows the backlog.
        clock: the time in UTC.
        secret_name: the Secret with what their pods know the operator by.
        notifier: sends events about pools that cannot scale; None: no events.
    """

    def __init__(
        self,
        store: KubeAnalyzers,
        keda: KedaController,
        dispatcher: Dispatcher,
        clock: Callable[[], datetime],
        *,
        secret_name: str | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._store = store
        self._keda = keda
        self._dispatcher = dispatcher
        self._clock = clock
        self._notifier = notifier
        self._applier = ChildApplier(store, keda, secret_name)
        self._states: dict[str, AnalyzerState] = {}
        self._pods = PodView()
        self._queue = WorkQueue()
        self._prober = ReadinessProber(self._refresh)
        keda.changed.connect(self._observe_scaling)

    # ---- observing

    def observe(self, raw: KubeObject) -> None:
        """Take an Analyzer into the view. One that cannot be read keeps what it has; requests wait for a first one."""
        try:
            analyzer = Analyzer.model_validate(raw)
        except ValidationError as error:  # perhaps of a newer version
            name = raw["metadata"]["name"]
            log.error("analyzer not understood", analyzer=name, error=str(error))
            if name not in self._states:
                problem = f"This version of the operator does not understand its Analyzer: {error_summary(error)}"
                self._dispatcher.set_endpoints(name, (), problem)
            return
        name = analyzer.metadata.name
        state = self._states.get(name)
        if state is None or state.analyzer.metadata.uid != analyzer.metadata.uid:
            if state is not None:
                state.removed = True
            self._states[name] = AnalyzerState(analyzer, Meter(analyzer.status, self._clock()))
        elif not state.observe(analyzer):
            return
        self._dispatcher.set_pool(name, analyzer.spec.concurrency, paused=analyzer.spec.paused)
        self._refresh(name)

    def on_deleted(self, name: str, uid: str) -> None:
        """Forget an Analyzer that was deleted; the API server deletes its child objects."""
        state = self._states.get(name)
        if state is None:  # it was never understood
            self._dispatcher.drop_pool(name)
            return
        if state.analyzer.metadata.uid != uid:  # another one of this name has been observed already
            return
        state.removed = True
        del self._states[name]
        self._queue.forget(name)
        self._prober.drop(name)
        self._keda.forget(name)
        self._dispatcher.drop_pool(name)
        metrics.forget_pool(name)

    def observe_pod(self, raw: KubeObject, *, gone: bool) -> None:
        """Take a pod of some pool into the view, or remove it if it is gone."""
        name = analyzer_of(raw)
        if gone:
            self._pods.remove(raw)
            restarted = False
        else:
            before = self._pods.observe(raw)
            restarted = before is not None and has_restarted(before, raw)
        if gone or restarted or is_ready(raw):  # from now on the kubelet's report counts
            self._prober.forget(name, {uid_of(raw)})
        self._refresh(name)

    def observe_child(self, raw: KubeObject, *, gone: bool) -> None:
        """Observe a child object; if it is not as it was applied, it is applied again."""
        meta = raw["metadata"]
        state = self._states.get(meta.get("labels", {}).get(ANALYZER_LABEL, meta["name"]))
        if state is not None:
            state.observe_child(raw, deleted=gone)
            self._refresh(state.name)

    def known_uids(self) -> set[str]:
        """Return the UIDs of all observed Analyzers and pods."""
        return self._pods.uids() | {state.analyzer.metadata.uid for state in self._states.values()}

    def remove_missing(self, uids: set[str]) -> None:
        """Remove these Analyzers and pods from the view: they were deleted, and no watch delivered that."""
        removed = self._pods.remove_missing(uids)
        for name, pods in removed.items():
            self._prober.forget(name, pods)
        for name, state in list(self._states.items()):
            if state.analyzer.metadata.uid in uids:
                self.on_deleted(name, state.analyzer.metadata.uid)
            self._refresh(name)

    def requeue_all(self) -> None:
        """Apply everything again and write every status that has changed, at low priority."""
        for name, state in self._states.items():
            state.in_sync = False
            self._queue.add(name, low=True)

    def _observe_scaling(self, name: str) -> None:
        state = self._states.get(name)
        if state is not None:
            state.in_sync = state.in_sync and self._keda.is_in_sync(name)
            self._refresh(name)

    def _refresh(self, name: str) -> None:
        """Pass the pods of an Analyzer to the dispatcher and the prober, and queue it for its status."""
        state = self._states.get(name)
        if state is None:
            return
        facts = self._facts(state)
        now, problem = asyncio.get_running_loop().time(), pool_problem(facts)
        if problem != state.problem and now >= state.problem_not_before:
            state.problem, state.problem_not_before = problem, now + _PROBLEM_SECONDS
        endpoints = [Endpoint(pod.name, pod.address) for pod in facts.pods if pod.address]
        self._dispatcher.set_endpoints(name, endpoints, state.problem)
        starting = {pod.uid: pod.starting for pod in facts.pods if pod.starting}
        self._prober.probe(name, starting if facts.queued else {})
        self._queue.add(name)

    def _pod_facts(self, state: AnalyzerState) -> list[PodFacts]:
        port, answered = state.analyzer.spec.port, self._prober.ready(state.name)
        return [pod_facts(pod, port, answers=uid_of(pod) in answered) for pod in self._pods.of(state.name)]

    def _facts(self, state: AnalyzerState) -> PoolFacts:
        queued, running = self._dispatcher.backlog(state.name)
        pods = [pod for pod in self._pod_facts(state) if not pod.leaving]
        pool, keda = self._dispatcher.pool(state.name), self._keda.facts(state.name)
        refusal = pool.refusal if pool else ""
        return PoolFacts(state.analyzer, pods, state.deployment, keda, queued, running, refusal, state.denied)

    # ---- reconciling

    async def run(self) -> None:
        """Reconcile until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_WORKERS):
                    group.create_task(self._work())
                group.create_task(self._measure_all())
        finally:
            await self._prober.close()

    async def _work(self) -> None:
        while True:
            name = await self._queue.get()
            try:
                await self._reconcile(name)
            except (Conflict, ApiUnavailable) as error:
                log.info("analyzer not reconciled, will be tried again", analyzer=name, error=str(error))
                self._queue.add_later(name, _RETRY_SECONDS)
            except Gone:
                log.info("analyzer is gone", analyzer=name)
            except Exception:
                metrics.RECONCILE_ERRORS.inc()
                log.exception("analyzer reconcile failed", analyzer=name)
                self._queue.add_later(name, _RETRY_SECONDS)
            finally:
                self._queue.done(name)

    async def _reconcile(self, name: str) -> None:
        state = self._states.get(name)
        if state is None or state.analyzer.metadata.deletion_timestamp is not None:
            return
        generation = state.analyzer.metadata.generation
        try:
            await self._applier.apply(state)
        except Rejected as error:
            if state.analyzer.metadata.generation == generation:
                state.denied = f"One of its objects was refused: {error}."
                await self._write_status(state)  # it shows why
            raise
        if state.in_sync:
            state.denied = ""
        if state.analyzer.metadata.generation == generation:  # of a newer spec, whose turn comes next, nothing is true
            await self._write_status(state)

    async def _write_status(self, state: AnalyzerState) -> None:
        before = state.analyzer.status
        if self._notifier is not None:
            self._notifier.on_pool(state.analyzer)
        after = pool_status(self._facts(state), state.meter.usage(), self._clock())
        if not should_write(before, after):
            return
        now = asyncio.get_running_loop().time()
        if now < state.write_not_before:
            self._queue.add_later(state.name, state.write_not_before - now)
            return
        state.write_not_before = now + _STATUS_SECONDS
        written = await self._store.write_status(state.analyzer, after)
        if not state.removed:
            self.observe(written)  # it may bring a new spec, and may be older than what was observed meanwhile
        await self._post_events(state, before, after, now)

    async def _post_events(
        self, state: AnalyzerState, before: AnalyzerStatus, after: AnalyzerStatus, now: float
    ) -> None:
        for event in scaling_events(before, after):
            if now >= state.event_not_before.get(event.reason, 0.0):
                state.event_not_before[event.reason] = now + _EVENT_SECONDS
                await self._store.notify(state.analyzer, event)

    async def _measure_all(self) -> None:
        """Refresh each second the figures that change without any event of the API server: backlog, usage, KEDA."""
        while True:
            await asyncio.sleep(1)
            nodes = {
                name: [pod.node for pod in self._pod_facts(state) if pod.node] for name, state in self._states.items()
            }
            pods_on = Counter(chain.from_iterable(nodes.values()))
            for name, state in self._states.items():
                self._measure(state, nodes[name], pods_on)
                self._refresh(name)

    def _measure(self, state: AnalyzerState, nodes: list[str], pods_on: Counter[str]) -> None:
        """Count what a pool uses: each pod from when it has a node, and its equal share of that node."""
        queued, running = self._dispatcher.backlog(state.name)
        share = sum(1 / pods_on[node] for node in nodes)
        state.meter.count(self._clock(), pods=len(nodes), running=running, nodes=share)
        metrics.record_pool(state.name, queued, running, len(nodes), state.meter.usage())
        metrics.PAUSED.labels(state.name).set(state.analyzer.spec.paused)
