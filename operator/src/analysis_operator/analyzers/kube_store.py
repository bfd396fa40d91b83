"""Analyzers in a cluster, and their child objects."""

from __future__ import annotations

from collections.abc import AsyncIterator

from analysis_operator.api import API_VERSION, GROUP, VERSION, Analyzer, AnalyzerStatus
from analysis_operator.errors import Conflict, Gone, Rejected
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.kube.objects import ANALYZER_LABEL, CREATION_MANAGER, MANAGER, KubeObject
from analysis_operator.requests.actions import Notify


class KubeAnalyzers:
    """Writes Analyzers and their child objects, over the API server. Raises Conflict, Gone and ApiUnavailable."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._events = EventPoster(api, identity)

    async def create(self, child: KubeObject) -> None:
        """Create a child object, or leave the existing one as it is."""
        try:
            await self._api.create(child)
        except Conflict:
            return

    async def apply(self, child: KubeObject) -> KubeObject:
        """Apply a child object server-side and return it.

        Raises:
            Rejected: something that is no Analyzer's has this name, for example the operator itself.
        """
        try:
            there = await self._api.get(child)
        except Gone:
            there = child
        if ANALYZER_LABEL not in there["metadata"].get("labels", {}):
            name = f"{child['kind']} {child['metadata']['name']}"
            raise Rejected(f"the {name} is there already and belongs to no Analyzer: give the Analyzer another name")
        return await self._api.apply(child)

    async def hand_over(self, fields: KubeObject) -> None:
        """Let the manager that creates objects own these fields, so that they stay when they are no longer applied."""
        await self._api.apply(fields, CREATION_MANAGER)

    async def write_status(self, analyzer: Analyzer, status: AnalyzerStatus) -> KubeObject:
        """Write the status of exactly this Analyzer, by its UID. Return the Analyzer as written."""
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
        """Post an event about an Analyzer in the background. Best effort: it never raises."""
        self._events.post("Analyzer", analyzer.metadata, event)

    def list_analyzers(self, namespace: str) -> AsyncIterator[KubeObject]:
        """Yield every Analyzer of a namespace."""
        return self._api.list(f"apis/{GROUP}/{VERSION}/namespaces/{namespace}/analyzers")

    def list_pods(self, namespace: str) -> AsyncIterator[KubeObject]:
        """Yield every pod of the Analyzers of a namespace."""
        return self._api.list(f"api/v1/namespaces/{namespace}/pods", labels=ANALYZER_LABEL)
