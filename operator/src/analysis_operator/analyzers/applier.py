"""Apply the child objects of an Analyzer, and try again later and later while that fails."""

from __future__ import annotations

import asyncio

from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.analyzers.manifests import child_objects, initial_deployment
from analysis_operator.analyzers.state import AnalyzerState
from analysis_operator.scaling.keda import KedaController

_BACKOFF_SECONDS = (2.0, 30.0)


class ChildApplier:
    """Brings the child objects of Analyzers in sync, their ScaledObjects included."""

    def __init__(self, store: KubeAnalyzers, keda: KedaController, secret_name: str | None) -> None:
        self._store = store
        self._keda = keda
        self._secret_name = secret_name

    async def apply(self, state: AnalyzerState) -> None:
        """Apply the child objects of an Analyzer if they are not in sync and no backoff is running.

        Raises:
            Rejected: the API server or a webhook denies an object.
            ApiUnavailable, Conflict, Gone: it will be tried again.
        """
        now = asyncio.get_running_loop().time()
        if state.in_sync or now < state.apply_not_before:
            return
        state.in_sync = True  # first, since a change that is observed meanwhile sets it back
        generation = state.analyzer.metadata.generation
        try:
            await self._apply(state)
        except BaseException:
            state.in_sync = False
            if state.analyzer.metadata.generation == generation:  # a spec that was corrected meanwhile does not wait
                seconds = state.apply_backoff or _BACKOFF_SECONDS[0]
                state.apply_not_before = asyncio.get_running_loop().time() + seconds
                state.apply_backoff = min(2 * seconds, _BACKOFF_SECONDS[1])
            raise
        state.apply_backoff = 0.0

    async def _apply(self, state: AnalyzerState) -> None:
        analyzer = state.analyzer
        if state.scaled and state.deployment is None:
            await self._store.create(initial_deployment(analyzer))
        if state.scaled and state.replicas is not None:
            await self._store.hand_over(state.replicas)
        for child in child_objects(analyzer, self._secret_name):
            applied = await self._store.apply(child)
            state.record_applied(applied)
        if not state.removed:  # nothing would delete what KEDA's part remembers of it
            await self._keda.apply(analyzer)
