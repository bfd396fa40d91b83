"""Follow AnalysisBatches: there are few, so a list and a watch of our own do, without kopf."""

from __future__ import annotations

import asyncio

import structlog
from pydantic import ValidationError

from analysis_operator.api import AnalysisBatch
from analysis_operator.batches.controller import BatchController
from analysis_operator.batches.kube_store import KubeBatches
from analysis_operator.errors import Gone, OperatorError, Rejected
from analysis_operator.kube.client import Json
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0
_MISSING_SECONDS = 30.0
"""After an answer that there is no AnalysisBatch, or no right to it: the definition or the role is not there yet."""


class BatchWatch:
    """Tells the controller which batches there are, which changed, and which were deleted.

    Args:
        store: lists and watches the batches in the cluster.
        controller: is told.
    """

    def __init__(self, store: KubeBatches, controller: BatchController) -> None:
        self._store = store
        self._controller = controller

    async def run(self) -> None:
        """Watch until cancelled. A watch that breaks begins anew with a list."""
        while True:
            pause = _PAUSE_SECONDS
            try:
                version = await self._list()
                while True:
                    version = await self._follow(version)
            except (Gone, Rejected) as error:
                log.warning("batches are not served", error=str(error))
                pause = _MISSING_SECONDS
            except OperatorError as error:
                log.info("the watch of batches broke, begins anew", error=str(error))
            await asyncio.sleep(pause)

    async def _list(self) -> str:
        listed, version = set(), "0"
        async for page in self._store.pages():
            version = page.get("metadata", {}).get("resourceVersion", "0")
            for raw in page.get("items") or ():
                listed.add(raw["metadata"]["uid"])
                self._observe(raw)
        for uid in self._controller.known() - listed:
            self._controller.on_gone(uid)
        return version

    async def _follow(self, version: str) -> str:
        async for event in self._store.watch(version):
            raw = event["object"]
            version = raw["metadata"].get("resourceVersion", version)
            if event["type"] == "DELETED":
                self._controller.on_gone(raw["metadata"]["uid"])
            elif event["type"] != "BOOKMARK":
                self._observe(raw)
        return version

    def _observe(self, raw: Json) -> None:
        try:
            self._controller.observe(AnalysisBatch.model_validate(raw))
        except ValidationError as error:
            meta = raw.get("metadata", {})
            log.error(
                "batch not understood", batch=f"{meta.get('namespace')}/{meta.get('name')}", error=error_summary(error)
            )
