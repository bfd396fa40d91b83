"""AnalysisBatches, and the requests that are made for them, in a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from pydantic import ValidationError

from analysis_operator.api import BATCH_LABEL, GROUP, VERSION, AnalysisBatch, BatchStatus, Metadata
from analysis_operator.batches.child import Child, read_child
from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.kube.client import Json, KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.kube.objects import MANAGER, KubeObject, with_status
from analysis_operator.requests.actions import Notify
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

_BASE = f"apis/{GROUP}/{VERSION}"


class KubeBatches:
    """The Batches port, over the API server."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._events = EventPoster(api, identity)

    async def get(self, batch: AnalysisBatch) -> AnalysisBatch:
        """Read it again. Raises Gone if it, by UID, does not exist any more, and ApiUnavailable."""
        current = _read(await self._api.call("GET", _path(batch)))
        if current.metadata.uid != batch.metadata.uid:
            raise Gone(f"{batch.metadata.namespace}/{batch.metadata.name} was replaced by a namesake")
        return current

    async def write_status(self, batch: AnalysisBatch, status: BatchStatus) -> AnalysisBatch:
        """Replace the status of exactly this version of exactly this object: UID and resourceVersion guard it."""
        body = with_status("AnalysisBatch", batch.metadata, batch.spec, status)
        return _read(await self._api.call("PUT", f"{_path(batch)}/status", query={"fieldManager": MANAGER}, body=body))

    async def delete(self, batch: AnalysisBatch) -> None:
        """Delete it, if it still exists. Raises ApiUnavailable."""
        await self._api.delete(_path(batch), batch.metadata.uid)

    async def children(self, batch: AnalysisBatch) -> AsyncIterator[Child]:
        """Yield the requests that were made for it. Raises OperatorError."""
        path = _requests(batch.metadata.namespace)
        async for raw in self._api.list(path, labels=f"{BATCH_LABEL}={batch.metadata.uid}"):
            try:
                yield read_child(raw)
            except ValidationError as error:  # perhaps of a newer version: its name is taken, which is noticed
                log.error("request not understood", request=raw["metadata"]["name"], error=error_summary(error))

    async def make(self, request: KubeObject) -> Child:
        """Create a request. Raises Conflict if there is one of that name, Gone, ApiUnavailable."""
        path = _requests(request["metadata"]["namespace"])
        return _child(await self._api.call("POST", path, query={"fieldManager": MANAGER}, body=request))

    async def child(self, namespace: str, name: str) -> Child:
        """Read a request. Raises Gone, ApiUnavailable."""
        return _child(await self._api.call("GET", f"{_requests(namespace)}/{name}"))

    async def remove(self, request: Metadata) -> None:
        """Delete a request, if it still exists. Raises ApiUnavailable."""
        await self._api.delete(f"{_requests(request.namespace)}/{request.name}", request.uid)

    async def notify(self, batch: AnalysisBatch, event: Notify) -> None:
        """Post an event about it in the background. Best effort: it never raises."""
        self._events.post("AnalysisBatch", batch.metadata, event)


def _read(answer: Json) -> AnalysisBatch:
    try:
        return AnalysisBatch.model_validate(answer)
    except ValidationError as error:
        raise ApiUnavailable(f"the answer is no AnalysisBatch: {error_summary(error)}") from error


def _child(answer: Json) -> Child:
    try:
        return read_child(answer)
    except ValidationError as error:
        raise ApiUnavailable(f"the answer is no AnalysisRequest: {error_summary(error)}") from error


def _requests(namespace: str) -> str:
    return f"{_BASE}/namespaces/{namespace}/analysisrequests"


def _path(batch: AnalysisBatch) -> str:
    return f"{_BASE}/namespaces/{batch.metadata.namespace}/analysisbatches/{batch.metadata.name}"
