"""AnalysisRequests without a cluster: does in memory what the API server does for this kind."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.local import manifests
from analysis_operator.requests.actions import Notify

Key = tuple[str, str]


class MemoryRequests:
    """The Requests port, and `apply` and `list` in kubectl's stead. All calls come from one event loop.

    Args:
        clock: the time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: dict[Key, AnalysisRequest] = {}
        self._version = 0
        self._watchers: list[tuple[Callable[[AnalysisRequest], None], Callable[[str], None]]] = []
        self.events: list[tuple[Key, Notify]] = []

    def watch(self, seen: Callable[[AnalysisRequest], None], on_deleted: Callable[[str], None]) -> None:
        """Tell of every request that is there, and of every change, soon after it happened."""
        self._watchers.append((seen, on_deleted))
        for request in self._kept.values():
            asyncio.get_running_loop().call_soon(seen, request)

    def list(self) -> list[AnalysisRequest]:
        """Give all requests, sorted as the API server sorts them."""
        return [self._kept[key] for key in sorted(self._kept)]

    def find(self, namespace: str, name: str) -> AnalysisRequest | None:
        """Give one request, or None."""
        return self._kept.get((namespace, name))

    def apply(self, manifest: Mapping[str, Any]) -> AnalysisRequest:
        """Create a request, or change one, and give it as it is now.

        Raises:
            InvalidManifest: the manifest is not valid, or changes what cannot change.
        """
        meta, spec = manifests.read(manifest)
        before = self._kept.get((meta.namespace, meta.name))
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

    async def get(self, request: AnalysisRequest) -> AnalysisRequest:
        """Read it again."""
        found = self._kept.get(_key(request))
        if found is None or found.metadata.uid != request.metadata.uid:
            raise Gone(f"{_name(request)} is no more")
        return found

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status of exactly this version; a write that changes nothing makes no new version."""
        found = self._kept.get(_key(request))
        if found is None:
            raise Gone(f"{_name(request)} is no more")
        wanted, current = request.metadata, found.metadata
        if (wanted.uid, wanted.resource_version) != (current.uid, current.resource_version):
            raise Conflict(f"{_name(request)} is at version {current.resource_version}, not {wanted.resource_version}")
        try:
            # Copies of models are not validated, and what goes over a wire is: here it is too.
            kept = RequestStatus.model_validate_json(status.model_dump_json(by_alias=True, exclude_none=True))
        except ValidationError as error:
            raise ApiUnavailable(f"{_name(request)}: the status is not valid: {error}") from error
        return found if kept == found.status else self._store(found, status=kept)

    async def delete(self, request: AnalysisRequest) -> None:
        """Delete this object, and no namesake that may have taken its place."""
        found = self._kept.get(_key(request))
        if found is None or found.metadata.uid != request.metadata.uid:
            return
        del self._kept[_key(request)]
        for _, on_deleted in self._watchers:
            asyncio.get_running_loop().call_soon(on_deleted, found.metadata.uid)

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Keep an event."""
        self.events.append((_key(request), event))

    def _store(self, request: AnalysisRequest, **changes: object) -> AnalysisRequest:
        changed = request.model_copy(update=changes)
        self._version += 1
        meta = changed.metadata.model_copy(update={"resource_version": str(self._version)})
        kept = changed.model_copy(update={"metadata": meta})
        self._kept[_key(kept)] = kept
        for seen, _ in self._watchers:
            asyncio.get_running_loop().call_soon(seen, kept)
        return kept


def _key(request: AnalysisRequest) -> Key:
    return request.metadata.namespace, request.metadata.name


def _name(request: AnalysisRequest) -> str:
    return "/".join(_key(request))
