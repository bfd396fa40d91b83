"""AnalysisRequests without a cluster: in memory, with the API server's behaviour for this kind."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from analysis_operator.api import AnalysisErasure, AnalysisRequest, Metadata, RequestSpec, RequestStatus
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.local import manifests
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.ports import Named

Key = tuple[str, str]


class MemoryRequests:
    """The Requests port, with `apply` and `list` as kubectl has them. All calls come from one event loop.

    Args:
        clock: the time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._requests: dict[Key, AnalysisRequest] = {}
        self._version = 0
        self._watchers: list[tuple[Callable[[AnalysisRequest], None], Callable[[str], None]]] = []
        self.events: list[tuple[Key, Notify]] = []

    def watch(self, observe: Callable[[AnalysisRequest], None], on_deleted: Callable[[str], None]) -> None:
        """Deliver every existing request, and every change soon after it happened."""
        self._watchers.append((observe, on_deleted))
        for request in self._requests.values():
            asyncio.get_running_loop().call_soon(observe, request)

    def list(self) -> list[AnalysisRequest]:
        """Return all requests, sorted as the API server sorts them."""
        return [self._requests[key] for key in sorted(self._requests)]

    def find(self, namespace: str, name: str) -> AnalysisRequest | None:
        """Return one request, or None."""
        return self._requests.get((namespace, name))

    def apply(self, manifest: Mapping[str, Any]) -> AnalysisRequest:
        """Create or change a request, and return it.

        Raises:
            InvalidManifest: the manifest is not valid, or changes an immutable field.
        """
        return self.put(*manifests.read(manifest))

    def put(self, meta: Metadata, spec: RequestSpec) -> AnalysisRequest:
        """Do the same with what was read of a manifest.

        Raises:
            InvalidManifest: it changes an immutable field.
        """
        before = self._requests.get((meta.namespace, meta.name))
        if before is not None:
            manifests.check_update(before, spec)
            if spec == before.spec:
                return before
            generation = before.metadata.generation + 1
            return self._store(
                before, spec=spec, metadata=before.metadata.model_copy(update={"generation": generation})
            )
        # Whole seconds, as the API server keeps them.
        created = {"uid": str(uuid.uuid4()), "creation_timestamp": self._clock().replace(microsecond=0)}
        fresh = AnalysisRequest(metadata=meta.model_copy(update=created), spec=spec, status=manifests.first_status())
        return self._store(fresh)

    async def get(self, which: Named) -> AnalysisRequest:
        """Read it again."""
        current = self._requests.get((which.namespace, which.name))
        if current is None or current.metadata.uid != which.uid:
            raise Gone(f"{which.namespace}/{which.name} was deleted")
        return current

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status of exactly this version; a write that changes nothing makes no new version."""
        current = self._requests.get(_key(request))
        if current is None:
            raise Gone(f"{_name(request)} was deleted")
        meta, now = request.metadata, current.metadata
        if (meta.uid, meta.resource_version) != (now.uid, now.resource_version):
            raise Conflict(f"{_name(request)} is at version {now.resource_version}, not {meta.resource_version}")
        try:
            # Copies of models are not validated; an API server would validate the status.
            checked = RequestStatus.model_validate_json(status.model_dump_json(by_alias=True, exclude_none=True))
        except ValidationError as error:
            raise ApiUnavailable(f"{_name(request)}: the status is not valid: {error}") from error
        return current if checked == current.status else self._store(current, status=checked)

    async def delete(self, which: Named) -> None:
        """Delete this request, but not another one of the same name."""
        current = self._requests.get((which.namespace, which.name))
        if current is None or current.metadata.uid != which.uid:
            return
        del self._requests[_key(current)]
        for _, on_deleted in self._watchers:
            asyncio.get_running_loop().call_soon(on_deleted, current.metadata.uid)

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Record an event."""
        self.events.append((_key(request), event))

    def _store(self, request: AnalysisRequest, **changes: object) -> AnalysisRequest:
        changed = request.model_copy(update=changes)
        self._version += 1
        meta = changed.metadata.model_copy(update={"resource_version": str(self._version)})
        stored = changed.model_copy(update={"metadata": meta})
        self._requests[_key(stored)] = stored
        for observe, _ in self._watchers:
            asyncio.get_running_loop().call_soon(observe, stored)
        return stored


class MemoryErasures:
    """The Erasures port, with `apply` as kubectl has it."""

    def __init__(self) -> None:
        self._erasures: dict[Key, AnalysisErasure] = {}

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Ask for one, unless there is one of that name."""
        erasure = AnalysisErasure.model_validate(manifest)
        meta = erasure.metadata.model_copy(update={"uid": str(uuid.uuid4())})
        self._erasures.setdefault((meta.namespace, meta.name), erasure.model_copy(update={"metadata": meta}))

    async def list(self) -> list[AnalysisErasure]:
        """Return those that are not done."""
        return [*self._erasures.values()]

    async def done(self, erasure: AnalysisErasure) -> None:
        """Take one away."""
        self._erasures.pop((erasure.metadata.namespace, erasure.metadata.name), None)

    def notify(self, erasure: AnalysisErasure, event: Notify) -> None:
        """Show no event: the log has the same."""


def _key(request: AnalysisRequest) -> Key:
    return request.metadata.namespace, request.metadata.name


def _name(request: AnalysisRequest) -> str:
    return "/".join(_key(request))
