"""Compare the view of Analyzers and their pods with the API server: at the start, and now and then."""

from __future__ import annotations

import asyncio

import structlog

from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.errors import OperatorError

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0


class AnalyzerResync:
    """Brings Analyzers and pods into the view that the watches missed, and takes those out that are gone.

    Args:
        store: lists them.
        controller: whose view is compared.
        namespace: the operator's own, where they are.
    """

    def __init__(self, store: KubeAnalyzers, controller: AnalyzerController, namespace: str) -> None:
        self._store = store
        self._controller = controller
        self._namespace = namespace
        self.started = False

    async def start(self) -> None:
        """Read the Analyzers before any request: none may be refused for an Analyzer that was only not yet seen."""
        while not self.started:
            try:
                await self._observe_analyzers()
                self.started = True
            except OperatorError as error:
                log.warning("the API server does not list Analyzers yet", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def compare(self) -> None:
        """Compare once: a watch that starts again does not deliver deletions from before. Raises OperatorError."""
        before = self._controller.known_uids()
        listed = await self._observe_analyzers()
        async for raw in self._store.list_pods(self._namespace):
            listed.add(raw["metadata"]["uid"])
            self._controller.observe_pod(raw, gone=False)
        self._controller.remove_missing(before - listed)

    async def _observe_analyzers(self) -> set[str]:
        listed = set()
        async for raw in self._store.list_analyzers(self._namespace):
            listed.add(raw["metadata"]["uid"])
            self._controller.observe(raw)
        return listed
