"""Compare the view of open requests with the API server now and then: a watch can die without an error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from analysis_operator import metrics
from analysis_operator.errors import Gone, OperatorError
from analysis_operator.kube.client import Json
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.kube_store import KubeRequests

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 10.0
"""A change that the watch has not delivered after this long was missed."""


class RequestResync:
    """Finds the requests that the watch missed, corrects the view, and says when the watch is dead.

    Args:
        store: lists and reads the requests in the cluster.
        controller: whose view is compared.
    """

    def __init__(self, store: KubeRequests, controller: RequestController) -> None:
        self._store = store
        self._controller = controller
        self._missed_in_silence = 0
        self._watch_spoke = False

    def watch_spoke(self) -> None:
        """Take note that the watch delivered something since the last comparison."""
        self._watch_spoke = True

    def problem(self) -> str:
        """Return what only a restart can repair, or an empty string.

        Two comparisons found missed changes, and the watch has delivered nothing since before the first: one that
        speaks is only late.
        """
        return "the watch of AnalysisRequests is dead" if self._missed_in_silence > 1 else ""

    async def caught_up(self) -> None:
        """Wait until the view has every open request that exists now: before that, a backlog is too small.

        The wait ends after a while, since a request that cannot be read never comes into the view.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        try:
            listed = {raw["metadata"]["uid"] async for raw in self._store.list_metadata(open_only=True)}
        except OperatorError as error:
            log.warning("the API server does not list requests", error=str(error))
            listed = set()
        while any(not self._controller.view.version(uid) for uid in listed):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.05)

    async def versions(self) -> dict[str, int]:
        """Read the resource version of every request in the cluster, by UID. Raises OperatorError."""
        return {
            raw["metadata"]["uid"]: int(raw["metadata"]["resourceVersion"]) async for raw in self._store.list_metadata()
        }

    async def compare(self) -> None:
        """Compare the view with the cluster once. Raises OperatorError."""
        before = self._controller.view.resource_versions()
        suspects: list[Json] = []
        listed = set()
        async for raw in self._store.list_metadata(open_only=True):
            meta = raw["metadata"]
            listed.add(meta["uid"])
            if int(before.get(meta["uid"], "0")) < int(meta["resourceVersion"]):
                suspects.append(meta)
        stale_uids = before.keys() - listed
        if suspects or stale_uids:
            await asyncio.sleep(_PATIENCE_SECONDS)
        missed = await self._observe_missed(suspects) + await self._remove_missing(stale_uids)
        self._missed_in_silence = 0 if self._watch_spoke else self._missed_in_silence + bool(missed)
        self._watch_spoke = False
        if missed:
            metrics.MISSED_EVENTS.inc(missed)
            log.warning("changes that no watch delivered", count=missed)

    async def _observe_missed(self, suspects: Iterable[Json]) -> int:
        missed = 0
        for meta in suspects:
            if self._controller.view.version(meta["uid"]) >= int(meta["resourceVersion"]):
                continue
            try:
                raw = await self._store.get_object(meta["namespace"], meta["name"])
            except Gone:
                continue
            if raw["metadata"]["uid"] == meta["uid"]:
                # One that cannot be read never comes into the view, however well the watch works: it does not count.
                missed += self._controller.view.observe_object(raw)
        return missed

    async def _remove_missing(self, uids: Iterable[str]) -> int:
        return sum([await self._controller.reader.confirm_deleted(uid) for uid in uids])
