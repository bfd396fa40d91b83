"""ScaledObjects in a cluster."""

from __future__ import annotations

from analysis_operator.errors import Gone
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.objects import ANALYZER_LABEL, KubeObject
from analysis_operator.scaling.scaled_object import API_VERSION, FINALIZER


class KubeScaledObjects:
    """The ScaledObjects of the pools of one namespace, over the API server. Raises Rejected and ApiUnavailable."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        self._api = api
        self._collection = f"apis/{API_VERSION}/namespaces/{namespace}/scaledobjects"

    async def list(self) -> list[KubeObject]:
        """Return every ScaledObject of a pool. Raises Gone while KEDA is not installed."""
        return [raw async for raw in self._api.list(self._collection, labels=ANALYZER_LABEL)]

    async def apply(self, scaled_object: KubeObject) -> KubeObject:
        """Apply a ScaledObject server-side and return it. Raises Gone while KEDA is not installed."""
        return await self._api.apply(scaled_object)

    async def delete(self, name: str) -> None:
        """Delete a ScaledObject, if it still exists."""
        try:
            await self._api.call("DELETE", f"{self._collection}/{name}")
        except Gone:
            return

    async def remove_finalizer(self, scaled_object: KubeObject) -> None:
        """Take KEDA's finalizer off exactly this version of a ScaledObject, if it still exists. Raises Conflict."""
        meta = scaled_object["metadata"]
        finalizers = [finalizer for finalizer in meta["finalizers"] if finalizer != FINALIZER]
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": meta["resourceVersion"]}}
        path = f"{self._collection}/{meta['name']}"
        try:
            await self._api.call("PATCH", path, body=body, content_type="application/merge-patch+json")
        except Gone:
            return
