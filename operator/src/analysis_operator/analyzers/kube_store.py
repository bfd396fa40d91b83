"""Analyzers in a cluster, and what is applied for them."""

from __future__ import annotations

from analysis_operator.analyzers.manifests import FIRST_MANAGER, MANAGER
from analysis_operator.api import API_VERSION, GROUP, VERSION, Analyzer, AnalyzerStatus
from analysis_operator.errors import Conflict
from analysis_operator.kube.client import Json, KubeApi
from analysis_operator.kube.events import post_event
from analysis_operator.requests.actions import Notify


class KubeAnalyzers:
    """Reads and writes what the pools need, over the API server. Raises Conflict, Gone, ApiUnavailable."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._identity = identity

    async def create(self, manifest: Json) -> None:
        """Create an object, or leave the one that is there as it is."""
        try:
            await self._api.create(manifest)
        except Conflict:
            return

    async def apply(self, manifest: Json) -> Json:
        """Apply a manifest server-side."""
        return await self._api.apply(manifest)

    async def hand_over(self, manifest: Json) -> None:
        """Let the manager that creates objects own what this says, so that it stays when we say it no more."""
        await self._api.apply(manifest, FIRST_MANAGER)

    async def write_status(self, analyzer: Analyzer, status: AnalyzerStatus) -> Json:
        """Write the status of exactly this Analyzer: its UID guards it. Give it as written."""
        meta = analyzer.metadata
        path = f"apis/{GROUP}/{VERSION}/namespaces/{meta.namespace}/analyzers/{meta.name}/status"
        body = {
            "apiVersion": API_VERSION,
            "kind": "Analyzer",
            "metadata": {"name": meta.name, "uid": meta.uid},
            "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        return await self._api.call(
            "PATCH", path, query={"fieldManager": MANAGER}, body=body, content_type="application/merge-patch+json"
        )

    async def notify(self, analyzer: Analyzer, event: Notify) -> None:
        """Post an event about it. Best effort: it never raises."""
        await post_event(self._api, "Analyzer", analyzer.metadata, event, self._identity)
