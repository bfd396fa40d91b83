"""Compares the view with the API server now and then: a watch can die without a word."""

from __future__ import annotations

import asyncio

import structlog

from analysis_operator import metrics
from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.api import GROUP, VERSION
from analysis_operator.errors import Gone, OperatorError
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.objects import ANALYZER_LABEL
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.kube_store import COLLECTION

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 10.0
"""A change that no watch has told of after so long was missed."""


class Resync:
    """Finds what the watches missed, mends the view, and says when they are dead."""

    def __init__(self, api: KubeApi, controller: RequestController, pools: AnalyzerController, namespace: str) -> None:
        self._api = api
        self._controller = controller
        self._pools = pools
        self._namespace = namespace
        self._missed_in_a_row = 0
        self.started = False

    def problem(self) -> str:
        """Give what only a restart can mend: twice in a row, changes came to light that no watch had told of."""
        return "the watch of AnalysisRequests is dead" if self._missed_in_a_row > 1 else ""

    async def start(self) -> None:
        """Learn the Analyzers first: a request must not be refused for one that was only not yet seen."""
        while not self.started:
            try:
                await self._list_analyzers()
                self.started = True
            except OperatorError as error:
                log.warning("the API server does not list Analyzers yet", error=str(error))
                await asyncio.sleep(1)

    async def caught_up(self) -> None:
        """Wait until the watch has told of every request that was there: before that, a backlog is too small.

        Not for ever: one that cannot be read is never known.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        try:
            listed = {raw["metadata"]["uid"] async for raw in self._api.list(COLLECTION, metadata_only=True)}
        except OperatorError as error:
            log.warning("the API server does not list requests", error=str(error))
            listed = set()
        while listed - self._controller.resource_versions().keys():
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.05)

    async def versions(self) -> dict[str, int]:
        """Read the resource version of every request in the cluster, by UID. Raises OperatorError."""
        listed = self._api.list(COLLECTION, metadata_only=True)
        return {raw["metadata"]["uid"]: int(raw["metadata"]["resourceVersion"]) async for raw in listed}

    async def run(self, every_seconds: float) -> None:
        """Compare until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            try:
                await self.compare()
                await self.compare_pools()
                self._pools.requeue_all()
                self._controller.requeue_all()
            except OperatorError as error:
                log.warning("resync failed, will be tried again", error=str(error))

    async def _list_analyzers(self) -> set[str]:
        listed = set()
        async for raw in self._api.list(f"apis/{GROUP}/{VERSION}/namespaces/{self._namespace}/analyzers"):
            listed.add(raw["metadata"]["uid"])
            self._pools.observe(raw)
        return listed

    async def compare_pools(self) -> None:
        """Compare Analyzers and their pods: a watch that starts anew does not tell of what went meanwhile."""
        before = self._pools.known_uids()
        listed = await self._list_analyzers()
        async for raw in self._api.list(f"api/v1/namespaces/{self._namespace}/pods", labels=ANALYZER_LABEL):
            listed.add(raw["metadata"]["uid"])
            self._pools.observe_pod(raw, gone=False)
        self._pools.remove_missing(before - listed)

    async def compare(self) -> None:
        """Compare the requests."""
        before = self._controller.resource_versions()
        suspects = {}
        listed = set()
        async for raw in self._api.list(COLLECTION, metadata_only=True):
            meta = raw["metadata"]
            listed.add(meta["uid"])
            if int(before.get(meta["uid"], "0")) < int(meta["resourceVersion"]):
                suspects[meta["uid"]] = meta
        ghosts = before.keys() - listed
        if suspects or ghosts:
            await asyncio.sleep(_PATIENCE_SECONDS)
        missed = await self._mend(suspects) + self._bury(ghosts)
        self._missed_in_a_row = self._missed_in_a_row + 1 if missed else 0
        if missed:
            metrics.MISSED_EVENTS.inc(missed)
            log.warning("changes that no watch told of", count=missed)

    async def _mend(self, suspects: dict[str, dict[str, str]]) -> int:
        known = self._controller.resource_versions()
        missed = 0
        for uid, meta in suspects.items():
            if int(known.get(uid, "0")) >= int(meta["resourceVersion"]):
                continue
            path = f"apis/{GROUP}/{VERSION}/namespaces/{meta['namespace']}/analysisrequests/{meta['name']}"
            try:
                raw = await self._api.call("GET", path)
            except Gone:
                continue
            if raw["metadata"]["uid"] == uid:
                # One that cannot be read stays unknown for ever, however well the watch works.
                missed += self._controller.observe_object(raw)
        return missed

    def _bury(self, ghosts: set[str]) -> int:
        known = self._controller.resource_versions()
        dead = [uid for uid in ghosts if uid in known]
        for uid in dead:
            self._controller.on_deleted(uid)
        return len(dead)
