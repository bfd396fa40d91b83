"""AnalysisRequests in a cluster."""

from __future__ import annotations

from analysis_operator.api import API_VERSION, GROUP, VERSION, AnalysisRequest, RequestStatus
from analysis_operator.errors import Conflict, Gone
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.events import post_event
from analysis_operator.kube.objects import MANAGER
from analysis_operator.requests.actions import Notify

COLLECTION = f"apis/{GROUP}/{VERSION}/analysisrequests"


class KubeRequests:
    """The Requests port, over the API server."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._identity = identity

    async def get(self, request: AnalysisRequest) -> AnalysisRequest:
        """Read it again."""
        found = AnalysisRequest.model_validate(await self._api.call("GET", _path(request)))
        return _same(request, found)

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status of exactly this version of exactly this object: UID and resourceVersion guard it."""
        meta = request.metadata
        body = {
            "apiVersion": API_VERSION,
            "kind": "AnalysisRequest",
            "metadata": {
                "name": meta.name,
                "namespace": meta.namespace,
                "uid": meta.uid,
                "resourceVersion": meta.resource_version,
            },
            "spec": request.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        written = await self._api.call("PUT", f"{_path(request)}/status", query={"fieldManager": MANAGER}, body=body)
        return AnalysisRequest.model_validate(written)

    async def delete(self, request: AnalysisRequest) -> None:
        """Delete this object, and no namesake that may have taken its place."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": request.metadata.uid}}
        try:
            await self._api.call("DELETE", _path(request), body=body)
        except (Gone, Conflict):  # Conflict: a namesake has its place
            return

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Post an event about it. Best effort: it never raises."""
        await post_event(self._api, "AnalysisRequest", request.metadata, event, self._identity)


def _path(request: AnalysisRequest) -> str:
    meta = request.metadata
    return f"apis/{GROUP}/{VERSION}/namespaces/{meta.namespace}/analysisrequests/{meta.name}"


def _same(request: AnalysisRequest, found: AnalysisRequest) -> AnalysisRequest:
    if found.metadata.uid != request.metadata.uid:
        raise Gone(f"{request.metadata.namespace}/{request.metadata.name} was replaced by a namesake")
    return found
