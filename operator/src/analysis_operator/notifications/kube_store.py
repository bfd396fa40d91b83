"""The objects that events are about, and AnalysisSubscriptions, in a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from analysis_operator.api import (
    GROUP,
    VERSION,
    AnalysisBatch,
    AnalysisRequest,
    AnalysisSubscription,
    Condition,
    ConditionRow,
    ConditionType,
    EventType,
    Metadata,
)
from analysis_operator.errors import ApiUnavailable, Gone, Reason
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.kube.objects import MANAGER, KubeObject
from analysis_operator.notifications.event import PLURALS, Event, batch_finished, request_finished
from analysis_operator.notifications.ports import About
from guardian_service.validation import error_summary

SUBSCRIPTIONS = "analysissubscriptions"
_KINDS = {
    EventType.REQUEST_FINISHED: "AnalysisRequest",
    EventType.BATCH_FINISHED: "AnalysisBatch",
    EventType.POOL_UNSCALABLE: "Analyzer",
}
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class _Warning:
    message: str
    reason: str = Reason.NOTIFICATION_NOT_DELIVERED
    kind: Literal["Warning"] = "Warning"


class KubeSubjects:
    """The Subjects port, over the API server."""

    def __init__(self, api: KubeApi, identity: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._events = EventPoster(api, identity)

    async def event(self, about: About) -> Event | None:
        """Read its event again; None if its delivery is recorded already."""
        found = await self._read(about)
        if not _is_unsent(found):
            return None
        try:
            if about.type is EventType.REQUEST_FINISHED:
                return request_finished(AnalysisRequest.model_validate(found))
            return batch_finished(AnalysisBatch.model_validate(found))
        except ValidationError as error:
            raise ApiUnavailable(f"the answer is not understood: {error_summary(error)}") from error

    async def record(self, about: About, row: ConditionRow) -> None:
        """Write the condition Notified, unless that was done already."""
        found = await self._read(about)
        if _is_unsent(found):
            await self._write(_path(about), found, row)

    def warn(self, about: About, message: str) -> None:
        """Post a Kubernetes event about it in the background."""
        uid = about.uid if about.recorded else ""
        self._events.post(
            _KINDS[about.type], Metadata(name=about.name, namespace=about.namespace, uid=uid), _Warning(message)
        )

    async def report(self, resource: AnalysisSubscription, row: ConditionRow) -> None:
        """Write the condition Ready of a subscription."""
        meta = resource.metadata
        path = f"apis/{GROUP}/{VERSION}/namespaces/{meta.namespace}/{SUBSCRIPTIONS}/{meta.name}"
        found = await self._api.call("GET", path)
        if found["metadata"]["uid"] == meta.uid and found["metadata"]["generation"] == meta.generation:
            await self._write(path, found, row)

    async def _read(self, about: About) -> KubeObject:
        found = await self._api.call("GET", _path(about))
        if found["metadata"]["uid"] != about.uid:
            raise Gone(f"{about.namespace}/{about.name} was replaced by a namesake")
        return found

    async def _write(self, path: str, found: KubeObject, row: ConditionRow) -> None:
        """Replace the status of exactly this version, with this condition in it and all else as it is."""
        kind, state, reason, message = row
        condition = Condition(
            type=kind,
            status=state,
            reason=reason,
            message=message[:_LONGEST],
            last_transition_time=self._clock(),
            observed_generation=found["metadata"]["generation"],
        )
        status = found.setdefault("status", {})
        others = [entry for entry in status.get("conditions") or () if entry["type"] != kind]
        status["conditions"] = [*others, condition.model_dump(mode="json", by_alias=True)]
        status["observedGeneration"] = found["metadata"]["generation"]
        await self._api.call("PUT", f"{path}/status", query={"fieldManager": MANAGER}, body=found)


def _is_unsent(found: KubeObject) -> bool:
    told = {entry["type"]: entry["status"] for entry in found.get("status", {}).get("conditions") or ()}
    return told.get(ConditionType.NOTIFIED) == "Unknown"


def _path(about: About) -> str:
    return f"apis/{GROUP}/{VERSION}/namespaces/{about.namespace}/{PLURALS[about.type]}/{about.name}"
