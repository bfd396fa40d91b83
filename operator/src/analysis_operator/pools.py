"""The reconcile path of Analyzers: apply what each owns, know which pods take work, say how the pool does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from analysis_operator import metrics
from analysis_operator.adapters.kube import KubeApi
from analysis_operator.api import API_VERSION, GROUP, VERSION, Analyzer, AnalyzerStatus, ConditionType
from analysis_operator.core import conditions
from analysis_operator.core.children import ANALYZER_LABEL, MANAGER, children
from analysis_operator.core.pods import PodFacts, facts, problem_of
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.execute import Dispatcher
from analysis_operator.ports import Endpoint
from analysis_operator.workqueue import WorkQueue

log = structlog.get_logger(__name__)

Raw = dict[str, Any]

_STATUS_SECONDS = 2.0
_RETRY_SECONDS = 2.0


@dataclass(slots=True)
class _Pool:
    analyzer: Analyzer
    pods: dict[str, Raw] = field(default_factory=dict)
    deployment: Raw | None = None
    applied: dict[tuple[str, str], str] = field(default_factory=dict)
    settled: bool = False
    write_not_before: float = 0.0


class Pools:
    """Every Analyzer of one namespace. One event loop, no locks."""

    def __init__(self, api: KubeApi, dispatcher: Dispatcher, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._dispatcher = dispatcher
        self._clock = clock
        self._pools: dict[str, _Pool] = {}
        self._orphans: dict[str, dict[str, Raw]] = {}
        self._queue = WorkQueue()

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
            self._pools[name] = _Pool(analyzer, pods=pods)
        elif int(analyzer.metadata.resource_version) <= int(known.analyzer.metadata.resource_version):
            return
        else:
            known.settled = known.settled and analyzer.metadata.generation == known.analyzer.metadata.generation
            known.analyzer = analyzer
        self._dispatcher.set_pool(name, analyzer.spec.concurrency)
        self._share(name)

    def vanished(self, name: str, uid: str) -> None:
        """Take note that an Analyzer is no more; the API server collects what it owned."""
        known = self._pools.get(name)
        if known is None or known.analyzer.metadata.uid != uid:  # another took its place before this was told
            return
        del self._pools[name]
        if known.pods:
            self._orphans[name] = known.pods
        self._queue.forget(name)
        self._dispatcher.drop_pool(name)
        for gauge in (metrics.QUEUED, metrics.RUNNING):
            gauge.labels(name)  # there to be removed, even if nothing was counted yet
            gauge.remove(name)

    def observe_pod(self, raw: Raw, *, gone: bool) -> None:
        """Take note of a pod of some pool."""
        name = raw["metadata"].get("labels", {}).get(ANALYZER_LABEL, "")
        pool = self._pools.get(name)
        pods = pool.pods if pool else self._orphans.setdefault(name, {})
        pod, uid = raw["metadata"]["name"], raw["metadata"].get("uid")
        if not gone:
            seen, told = pods.get(pod), _slim(raw)
            pods[pod] = seen if seen is not None and _version(seen) > _version(told) else told
        elif pod in pods and pods[pod]["metadata"]["uid"] == uid:
            del pods[pod]
        if not pods:
            self._orphans.pop(name, None)
        self._share(name)

    def known(self) -> set[str]:
        """Give the UIDs of every known Analyzer and pod."""
        groups = [*(pool.pods for pool in self._pools.values()), *self._orphans.values()]
        pods = {str(pod["metadata"]["uid"]) for group in groups for pod in group.values()}
        return pods | {pool.analyzer.metadata.uid for pool in self._pools.values()}

    def bury(self, uids: set[str]) -> None:
        """Forget these Analyzers and pods: they went, and no watch told of it."""
        for name in {*self._pools, *self._orphans}:
            pool = self._pools.get(name)
            pods = pool.pods if pool else self._orphans[name]
            for dead in [pod for pod, raw in pods.items() if raw["metadata"]["uid"] in uids]:
                del pods[dead]
            if not pods:
                self._orphans.pop(name, None)
            if pool and pool.analyzer.metadata.uid in uids:
                self.vanished(name, pool.analyzer.metadata.uid)
            self._share(name)

    def observe_child(self, raw: Raw, *, gone: bool) -> None:
        """Take note of something owned; whatever is not as we applied it is mended."""
        meta = raw["metadata"]
        pool = self._pools.get(meta.get("labels", {}).get(ANALYZER_LABEL, meta["name"]))
        if pool is None:
            return
        if raw["kind"] == "Deployment":
            pool.deployment = None if gone else {"status": raw.get("status", {})}
        if gone or pool.applied.get((raw["kind"], meta["name"])) not in {None, _mark(raw)}:
            pool.settled = False
        self._queue.add(pool.analyzer.metadata.name)

    def look_again(self) -> None:
        """Apply and report everything again, at leisure."""
        for name, pool in self._pools.items():
            pool.settled = False
            self._queue.add(name, low=True)

    def _share(self, name: str) -> None:
        """Tell the dispatcher which pods take work."""
        pool = self._pools.get(name)
        if pool is None:
            return
        told = _facts(pool)
        endpoints = [Endpoint(pod.name, pod.address) for pod in told if pod.address]
        self._dispatcher.set_endpoints(name, endpoints, problem_of(told, pool.deployment))
        self._queue.add(name)

    # ---- what is done

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work())
            group.create_task(self._count())

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

    async def _count(self) -> None:
        """Keep the backlog's figures fresh: they move without any event of the API server's."""
        while True:
            await asyncio.sleep(1)
            for name in self._pools:
                queued, running = self._dispatcher.backlog(name)
                metrics.QUEUED.labels(name).set(queued)
                metrics.RUNNING.labels(name).set(running)
                self._queue.add(name, low=True)

    async def _reconcile(self, name: str) -> None:
        pool = self._pools.get(name)
        if pool is None or pool.analyzer.metadata.deletion_timestamp is not None:
            return
        if not pool.settled:
            pool.settled = True
            try:
                for manifest in children(pool.analyzer):
                    applied = await self._api.apply(manifest)
                    pool.applied[manifest["kind"], manifest["metadata"]["name"]] = _mark(applied)
            except BaseException:
                pool.settled = False
                raise
        await self._report(name, pool)

    async def _report(self, name: str, pool: _Pool) -> None:
        wanted = self._status(name, pool)
        if wanted == pool.analyzer.status:
            return
        now = asyncio.get_running_loop().time()
        if now < pool.write_not_before:
            self._queue.add_later(name, pool.write_not_before - now)
            return
        pool.write_not_before = now + _STATUS_SECONDS
        meta = pool.analyzer.metadata
        path = f"apis/{GROUP}/{VERSION}/namespaces/{meta.namespace}/analyzers/{name}/status"
        body = {
            "apiVersion": API_VERSION,
            "kind": "Analyzer",
            "metadata": {"name": name, "uid": meta.uid},
            "status": wanted.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        written = await self._api.call(
            "PATCH", path, query={"fieldManager": MANAGER}, body=body, content_type="application/merge-patch+json"
        )
        if self._pools.get(name) is pool:
            self.observe(written)  # it may bring a new spec, and may itself be older than what was seen meanwhile

    def _status(self, name: str, pool: _Pool) -> AnalyzerStatus:
        told = _facts(pool)
        ready = sum(1 for pod in told if pod.address)
        queued, running = self._dispatcher.backlog(name)
        problem = problem_of(told, pool.deployment)
        enough = ready >= pool.analyzer.spec.replicas
        reason = "PodsReady" if enough else ("PodsFailing" if problem else "PodsStarting")
        message = problem or f"{ready} of {pool.analyzer.spec.replicas} pods take work."
        state: conditions.State = "True" if enough else "False"
        return AnalyzerStatus(
            observed_generation=pool.analyzer.metadata.generation,
            replicas=len(told),
            ready_replicas=ready,
            queued=queued,
            running=running,
            conditions=conditions.updated(
                pool.analyzer.status.conditions,
                [(ConditionType.READY, state, reason, message)],
                generation=pool.analyzer.metadata.generation,
                now=self._clock(),
            ),
        )


def _facts(pool: _Pool) -> list[PodFacts]:
    return [facts(pod, pool.analyzer.spec.port) for pod in pool.pods.values()]


def _mark(raw: Raw) -> str:
    """What changes when somebody edits an object: its generation, or where it has none, its version."""
    meta = raw["metadata"]
    return f"g{meta['generation']}" if meta.get("generation") else f"v{meta['resourceVersion']}"


def _version(pod: Raw) -> int:
    return int(pod["metadata"]["resourceVersion"] or 0)


def _slim(pod: Raw) -> Raw:
    """Keep what facts() reads: a pod as the API gives it is some ten kilobytes."""
    meta, status = pod["metadata"], pod.get("status", {})
    return {
        "metadata": {key: meta.get(key) for key in ("name", "uid", "resourceVersion", "deletionTimestamp")},
        "status": {key: status.get(key) for key in ("podIP", "conditions", "containerStatuses")},
    }
