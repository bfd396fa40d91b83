"""The reconcile path of Analyzers: apply what each owns, know which pods take work, say how the pool does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import structlog
from pydantic import ValidationError

from analysis_operator import metrics
from analysis_operator.analyzers import status as pool_status
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.analyzers.manifests import ANALYZER_LABEL, children, first_deployment, mark, size_to_hand_over
from analysis_operator.analyzers.pods import PodFacts, facts, is_ready, restarted, slim
from analysis_operator.analyzers.prober import ReadinessProber
from analysis_operator.analyzers.status import PoolFacts
from analysis_operator.analyzers.usage import Meter
from analysis_operator.api import Analyzer
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Rejected
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.ports import Endpoint
from analysis_operator.scaling.keda import KedaController
from analysis_operator.work_queue import WorkQueue

log = structlog.get_logger(__name__)

Raw = dict[str, Any]

_STATUS_SECONDS = 2.0
_WORKERS = 4
"""One that waits for a webhook which does not answer, ten seconds, holds up nobody else."""
_RETRY_SECONDS = (2.0, 30.0)
_PROBLEM_SECONDS = 10.0
"""What those who wait are told changes at most this often: each of them gets a write."""
_EVENT_SECONDS = 60.0
"""One event of a kind for one pool at most this often; the status tells the rest."""


@dataclass(slots=True)
class _AnalyzerState:
    analyzer: Analyzer
    meter: Meter
    pods: dict[str, Raw] = field(default_factory=dict)
    deployment: Raw | None = None
    size: Raw | None = None
    applied: dict[tuple[str, str], str] = field(default_factory=dict)
    settled: bool = False
    backoff: float = _RETRY_SECONDS[0]
    apply_not_before: float = 0.0
    write_not_before: float = 0.0
    problem: str = ""
    problem_not_before: float = 0.0
    event_not_before: dict[str, float] = field(default_factory=dict)

    @property
    def scaled(self) -> bool:
        return self.analyzer.spec.replicas is None


class AnalyzerController:
    """Every Analyzer of one namespace. One event loop, no locks."""

    def __init__(
        self, api: KubeAnalyzers, keda: KedaController, dispatcher: Dispatcher, clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._keda = keda
        self._dispatcher = dispatcher
        self._clock = clock
        self._pools: dict[str, _AnalyzerState] = {}
        self._orphans: dict[str, dict[str, Raw]] = {}
        self._queue = WorkQueue()
        self._prober = ReadinessProber(self._share)
        keda.changed = self._observe_scaling

    # ---- what is seen

    def observe(self, raw: Raw) -> None:
        """Take note of an Analyzer as read."""
        try:
            analyzer = Analyzer.model_validate(raw)
        except ValidationError as error:  # from a newer version perhaps: the others go on
            log.error("analyzer not understood", analyzer=raw["metadata"].get("name"), error=str(error))
            return
        name = analyzer.metadata.name
        known = self._pools.get(name)
        if known is None or known.analyzer.metadata.uid != analyzer.metadata.uid:
            # One of the same name may take over what the old one owned: pods that go on running are not told of again.
            pods = known.pods if known else self._orphans.pop(name, {})
            self._pools[name] = _AnalyzerState(analyzer, Meter(analyzer.status, self._clock()), pods=pods)
        elif int(analyzer.metadata.resource_version) <= int(known.analyzer.metadata.resource_version):
            return
        else:
            if analyzer.metadata.generation != known.analyzer.metadata.generation:
                known.settled, known.apply_not_before = False, 0.0
            known.analyzer = analyzer
        self._dispatcher.set_pool(name, analyzer.spec.concurrency)
        self._share(name)

    def on_deleted(self, name: str, uid: str) -> None:
        """Take note that an Analyzer is no more; the API server collects what it owned."""
        known = self._pools.get(name)
        if known is None or known.analyzer.metadata.uid != uid:  # another took its place before this was told
            return
        del self._pools[name]
        if known.pods:
            self._orphans[name] = known.pods
        self._queue.forget(name)
        self._prober.drop(name)
        self._keda.forget(name)
        self._dispatcher.drop_pool(name)
        metrics.forget_pool(name)

    def observe_pod(self, raw: Raw, *, gone: bool) -> None:
        """Take note of a pod of some pool."""
        name = raw["metadata"].get("labels", {}).get(ANALYZER_LABEL, "")
        pool = self._pools.get(name)
        pods = pool.pods if pool else self._orphans.setdefault(name, {})
        pod, uid = raw["metadata"]["name"], raw["metadata"].get("uid")
        seen, told = pods.get(pod), slim(raw)
        if not gone:
            pods[pod] = seen if seen is not None and _version(seen) > _version(told) else told
        elif pod in pods and pods[pod]["metadata"]["uid"] == uid:
            del pods[pod]
        if not pods:
            self._orphans.pop(name, None)
        if gone or is_ready(raw) or (seen and restarted(seen, told)):  # from now on the kubelet's word counts
            self._prober.forget(name, {str(uid)})
        self._share(name)

    def known_uids(self) -> set[str]:
        """Give the UIDs of every known Analyzer and pod."""
        groups = [*(pool.pods for pool in self._pools.values()), *self._orphans.values()]
        pods = {str(pod["metadata"]["uid"]) for group in groups for pod in group.values()}
        return pods | {pool.analyzer.metadata.uid for pool in self._pools.values()}

    def remove_missing(self, uids: set[str]) -> None:
        """Forget these Analyzers and pods: they went, and no watch told of it."""
        for name in {*self._pools, *self._orphans}:
            pool = self._pools.get(name)
            pods = pool.pods if pool else self._orphans[name]
            for dead in [pod for pod, raw in pods.items() if raw["metadata"]["uid"] in uids]:
                self._prober.forget(name, {str(pods.pop(dead)["metadata"]["uid"])})
            if not pods:
                self._orphans.pop(name, None)
            if pool and pool.analyzer.metadata.uid in uids:
                self.on_deleted(name, pool.analyzer.metadata.uid)
            self._share(name)

    def observe_child(self, raw: Raw, *, gone: bool) -> None:
        """Take note of something owned; whatever is not as we applied it is mended."""
        meta = raw["metadata"]
        pool = self._pools.get(meta.get("labels", {}).get(ANALYZER_LABEL, meta["name"]))
        if pool is None:
            return
        if raw["kind"] == "Deployment":
            pool.deployment = None if gone else {"status": raw.get("status", {})}
            pool.size = None if gone else size_to_hand_over(raw)
        if gone or pool.applied.get((raw["kind"], meta["name"])) not in {None, mark(raw, scaled=pool.scaled)}:
            pool.settled = False
        self._share(pool.analyzer.metadata.name)

    def _observe_scaling(self, name: str) -> None:
        pool = self._pools.get(name)
        if pool is not None:
            pool.settled = pool.settled and self._keda.is_as_applied(name)
            self._share(name)

    def requeue_all(self) -> None:
        """Apply and report everything again, at leisure."""
        for name, pool in self._pools.items():
            pool.settled = False
            self._queue.add(name, low=True)

    def _share(self, name: str) -> None:
        """Tell the dispatcher which pods take work, and the prober which ones may soon."""
        pool = self._pools.get(name)
        if pool is None:
            return
        told = self._facts(name, pool)
        endpoints = [Endpoint(pod.name, pod.address) for pod in told.pods if pod.address]
        now, problem = asyncio.get_running_loop().time(), pool_status.problem(told)
        if problem != pool.problem and now >= pool.problem_not_before:
            pool.problem, pool.problem_not_before = problem, now + _PROBLEM_SECONDS
        self._dispatcher.set_endpoints(name, endpoints, pool.problem)
        starting = {str(pool.pods[pod.name]["metadata"]["uid"]): pod.starting for pod in told.pods if pod.starting}
        self._prober.probe(name, starting if told.queued else {})
        self._queue.add(name)

    def _pods(self, name: str, pool: _AnalyzerState) -> list[PodFacts]:
        port, answer = pool.analyzer.spec.port, self._prober.ready(name)
        return [facts(raw, port, answers=str(raw["metadata"]["uid"]) in answer) for raw in pool.pods.values()]

    def _facts(self, name: str, pool: _AnalyzerState) -> PoolFacts:
        queued, running = self._dispatcher.backlog(name)
        staying = [pod for pod in self._pods(name, pool) if not pod.leaving]
        return PoolFacts(pool.analyzer, staying, pool.deployment, self._keda.facts(name), queued, running)

    # ---- what is done

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_WORKERS):
                    group.create_task(self._work())
                group.create_task(self._count())
        finally:
            await self._prober.close()

    async def _work(self) -> None:
        while True:
            name = await self._queue.get()
            try:
                await self._reconcile(name)
            except (Conflict, ApiUnavailable) as error:
                log.info("analyzer not reconciled, will be tried again", analyzer=name, error=str(error))
                self._queue.add_later(name, _RETRY_SECONDS[0])
            except Gone:
                log.info("analyzer is gone", analyzer=name)
            except Exception:
                metrics.RECONCILE_ERRORS.inc()
                log.exception("analyzer reconcile failed", analyzer=name)
                self._queue.add_later(name, _RETRY_SECONDS[0])
            finally:
                self._queue.done(name)

    async def _count(self) -> None:
        """Keep the figures fresh that move without any event of the API server's: backlog, usage, KEDA's silence."""
        while True:
            await asyncio.sleep(1)
            placed = {
                name: [pod.node for pod in self._pods(name, pool) if pod.node] for name, pool in self._pools.items()
            }
            nodes = Counter(chain.from_iterable(placed.values()))
            for name, pool in self._pools.items():
                self._measure(name, pool, placed[name], nodes)
                self._share(name)

    def _measure(self, name: str, pool: _AnalyzerState, placed: list[str], nodes: Counter[str]) -> None:
        """Count what the pool uses. A pod costs while a node has it, and shares that node with the others there."""
        queued, running = self._dispatcher.backlog(name)
        pool.meter.count(
            self._clock(), pods=len(placed), running=running, nodes=sum(1 / nodes[node] for node in placed)
        )
        metrics.record_pool(name, queued, running, len(placed), pool.meter.usage())

    async def _reconcile(self, name: str) -> None:
        pool = self._pools.get(name)
        if pool is None or pool.analyzer.metadata.deletion_timestamp is not None:
            return
        loop = asyncio.get_running_loop()
        if not pool.settled and loop.time() >= pool.apply_not_before:
            pool.settled = True
            try:
                await self._apply(pool)
                pool.backoff = _RETRY_SECONDS[0]
            except BaseException as error:
                pool.settled, pool.apply_not_before = False, loop.time() + pool.backoff
                pool.backoff = min(2 * pool.backoff, _RETRY_SECONDS[1])
                if isinstance(error, Rejected):
                    await self._report(name, pool)  # whoever looks at the status should know
                raise
        await self._report(name, pool)

    async def _apply(self, pool: _AnalyzerState) -> None:
        analyzer = pool.analyzer
        if pool.scaled and pool.deployment is None:
            await self._api.create(first_deployment(analyzer))
        if pool.scaled and pool.size is not None:
            await self._api.hand_over(pool.size)
        for manifest in children(analyzer):
            applied = await self._api.apply(manifest)
            pool.applied[manifest["kind"], manifest["metadata"]["name"]] = mark(
                applied, scaled=analyzer.spec.replicas is None
            )
            if manifest["kind"] == "Deployment":
                pool.size = size_to_hand_over(applied)
        if self._pools.get(analyzer.metadata.name) is pool:  # or it went meanwhile, and nobody would forget this
            await self._keda.apply(analyzer)

    async def _report(self, name: str, pool: _AnalyzerState) -> None:
        before, usage = pool.analyzer.status, pool.meter.usage()
        wanted = pool_status.status(self._facts(name, pool), usage, self._clock())
        if not pool_status.worth_writing(before, wanted):
            return
        now = asyncio.get_running_loop().time()
        if now < pool.write_not_before:
            self._queue.add_later(name, pool.write_not_before - now)
            return
        pool.write_not_before = now + _STATUS_SECONDS
        written = await self._api.write_status(pool.analyzer, wanted)
        if self._pools.get(name) is pool:
            self.observe(written)  # it may bring a new spec, and may itself be older than what was seen meanwhile
        for event in pool_status.news(before, wanted):
            if now >= pool.event_not_before.get(event.reason, 0.0):
                pool.event_not_before[event.reason] = now + _EVENT_SECONDS
                await self._api.notify(pool.analyzer, event)


def _version(pod: Raw) -> int:
    return int(pod["metadata"]["resourceVersion"] or 0)
