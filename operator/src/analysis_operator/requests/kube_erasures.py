"""AnalysisErasures in a cluster."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from analysis_operator.api import GROUP, VERSION, AnalysisErasure
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.requests.actions import Notify
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

_BASE = f"apis/{GROUP}/{VERSION}"
_PLURAL = "analysiserasures"


class KubeErasures:
    """The Erasures port, over the API server."""

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._events = EventPoster(api, identity)

    async def list(self) -> list[AnalysisErasure]:
        """Return those that are not done. Raises OperatorError."""
        listed = []
        async for item in self._api.list(f"{_BASE}/{_PLURAL}"):
            try:
                listed.append(AnalysisErasure.model_validate(item))
            except ValidationError as error:
                log.error("erasure not understood", erasure=item["metadata"]["name"], error=error_summary(error))
        return listed

    async def done(self, erasure: AnalysisErasure) -> None:
        """Delete this one, and no namesake that may have taken its place. Raises ApiUnavailable."""
        meta = erasure.metadata
        await self._api.delete(f"{_BASE}/namespaces/{meta.namespace}/{_PLURAL}/{meta.name}", meta.uid)

    def notify(self, erasure: AnalysisErasure, event: Notify) -> None:
        """Post an event about one in the background."""
        self._events.post("AnalysisErasure", erasure.metadata, event)
