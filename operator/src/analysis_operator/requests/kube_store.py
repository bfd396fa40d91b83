"""AnalysisRequests in a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import ValidationError

from analysis_operator.api import GROUP, VERSION, AnalysisRequest, RequestStatus
from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.kube.client import Json, KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.kube.objects import MANAGER, with_status
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.closed_table import ACCEPT, ClosedPage, ClosedTable
from analysis_operator.requests.ports import Named
from guardian_service.validation import error_summary

_COLLECTION = f"apis/{GROUP}/{VERSION}/analysisrequests"
OPEN = "status.expiresAt="
"""The field selector of requests for which something is left to do."""
_CLOSED = "status.expiresAt!="


class KubeRequests:
    """The Requests port, over the API server."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._events = EventPoster(api, identity)
        self._table = ClosedTable()

    def list_metadata(self, *, open_only: bool = False) -> AsyncIterator[Json]:
        """Yield the metadata of every request in the cluster, or of those not closed. Raises OperatorError."""
        return self._api.list(_COLLECTION, fields=OPEN if open_only else None, metadata_only=True)

    async def list_closed(self) -> AsyncIterator[ClosedPage]:
        """Yield the requests that are closed, page by page. Raises OperatorError."""
        async for page in self._api.pages(_COLLECTION, {"fieldSelector": _CLOSED}, accept=ACCEPT):
            yield self._table.read(page)

    async def watch_closed(self, version: str) -> AsyncIterator[ClosedPage]:
        """Yield their changes since this version, until the API server ends the watch. Raises OperatorError."""
        query = {"fieldSelector": _CLOSED, "resourceVersion": version}
        async for event in self._api.watch(_COLLECTION, query, accept=ACCEPT):
            yield self._table.read(event["object"], deleted=event["type"] == "DELETED")

    async def get_object(self, namespace: str, name: str) -> Json:
        """Read one request as the API server sends it. Raises Gone, ApiUnavailable."""
        return await self._api.call("GET", _path(namespace, name))

    async def get(self, which: Named) -> AnalysisRequest:
        """Read it again. Raises Gone if it, by UID, does not exist any more, and ApiUnavailable."""
        current = _read(await self.get_object(which.namespace, which.name))
        if current.metadata.uid != which.uid:
            raise Gone(f"{which.namespace}/{which.name} was replaced by a namesake")
        return current

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status of exactly this version of exactly this object: UID and resourceVersion guard it."""
        meta = request.metadata
        body = with_status("AnalysisRequest", meta, request.spec, status)
        path = f"{_path(meta.namespace, meta.name)}/status"
        return _read(await self._api.call("PUT", path, query={"fieldManager": MANAGER}, body=body))

    async def delete(self, which: Named) -> None:
        """Delete this object, and no namesake that may have taken its place."""
        await self._api.delete(_path(which.namespace, which.name), which.uid)

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Post an event about it in the background. Best effort: it never raises."""
        self._events.post("AnalysisRequest", request.metadata, event)


def _read(answer: Json) -> AnalysisRequest:
    try:
        return AnalysisRequest.model_validate(answer)
    except ValidationError as error:
        raise ApiUnavailable(f"the answer is no AnalysisRequest: {error_summary(error)}") from error


def _path(namespace: str, name: str) -> str:
    return f"apis/{GROUP}/{VERSION}/namespaces/{namespace}/analysisrequests/{name}"
