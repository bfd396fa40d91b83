"""AnalysisRequests as JSON, and their representation in the API. No other module of this package knows the resource."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from analyzer_contract import Verdict, camel
from guardian_service import tracing
from guardian_service.trace_context import ANNOTATION
from status_api.naming import Key
from status_api.ports import Entry, Position
from status_api.wire import Analysis, Finding, NewAnalysis, Part, Source, State

API_VERSION = "silverguardian.io/v1alpha1"
KIND = "AnalysisRequest"
_LISTENS, _LISTENING_SECONDS = "context", 3600
"""The analyzer that writes down what is said, and how long it may take: a quarter of the recording's length on a busy
node, and more; the others are given the operator's default."""

_WAITING = {"Pending", "Queued", "Scaling", "Suspended", "Paused"}
_PENDING: Literal["Pending"] = "Pending"


class _Lenient(BaseModel):
    """A newer operator may write more fields: unknown ones are left out."""

    model_config = ConfigDict(extra="ignore", alias_generator=camel, populate_by_name=True)


class _Metadata(_Lenient):
    name: str
    uid: str
    creation_timestamp: datetime


class _Source(_Lenient):
    uri: str
    version_id: str | None = None
    sha256: str | None = None


class _Spec(_Lenient):
    source: _Source
    analyzers: list[str] = []


class _Finding(_Lenient):
    kind: str
    start_seconds: int
    end_seconds: int
    score: int


class _CachedFrom(_Lenient):
    name: str
    uid: str


class _Analysis(_Lenient):
    name: str
    state: Literal["Pending", "Running", "Succeeded", "Failed", "Skipped"] = _PENDING
    verdict: Verdict | None = None
    score: int | None = None
    examined_share: int | None = None
    progress: int = 0
    reason: str = ""
    message: str = ""
    findings: list[_Finding] = []
    cached: bool = False
    cached_from: _CachedFrom | None = None


class _Condition(_Lenient):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class _Status(_Lenient):
    verdict: Verdict | None = None
    score: int | None = None
    progress: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    report_uri: str | None = None
    analyses: list[_Analysis] = []
    conditions: list[_Condition] = []

    def condition(self, kind: str) -> _Condition:
        return next((item for item in self.conditions if item.type == kind), _Condition(type=kind, status="Unknown"))


class _Request(_Lenient):
    metadata: _Metadata
    spec: _Spec
    status: _Status = Field(default_factory=_Status)


def entry_of(resource: Mapping[str, Any]) -> Entry:
    """Return the API's representation of an AnalysisRequest.

    Raises:
        pydantic.ValidationError: it is not an AnalysisRequest.
    """
    request = _Request.model_validate(resource)
    status, spec = request.status, request.spec
    succeeded = status.condition("Succeeded")
    meta = request.metadata
    analysis = Analysis(
        id=Key(meta.name, meta.uid).id,
        state=_state(status),
        reason=succeeded.reason or _PENDING,
        message=succeeded.message,
        verdict=status.verdict,
        score=status.score,
        progress=status.progress,
        source=Source.model_construct(**spec.source.model_dump()),
        analyzers=spec.analyzers,
        analyses=[_part(entry) for entry in status.analyses],
        has_report=status.report_uri is not None,
        created_at=meta.creation_timestamp,
        started_at=status.started_at,
        finished_at=status.finished_at,
    )
    return Entry(analysis, Position(meta.creation_timestamp, meta.uid), status.report_uri)


def resource_for(tenant: str, name: str, new: NewAnalysis) -> dict[str, Any]:
    """Return the AnalysisRequest for a new analysis."""
    patience = {"timeoutSeconds": _LISTENING_SECONDS} if _LISTENS in (new.analyzers or ()) else {}
    span = tracing.current.get()
    trace = {"annotations": {ANNOTATION: span.context.traceparent}} if span else {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": tenant} | trace,
        "spec": new.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True) | patience,
    }


def erasure_for(tenant: str, entry: Entry, recording: str | None) -> dict[str, Any]:
    """Return the AnalysisErasure for an analysis. Its name is the analysis' own UID, so there is one at most."""
    name, uid = entry.analysis.id.rpartition(".")[0], entry.position.uid
    spec = {"name": name, "uid": uid, "sourceURI": recording, "analyzers": entry.analysis.analyzers or None}
    return {
        "apiVersion": API_VERSION,
        "kind": "AnalysisErasure",
        "metadata": {"name": uid, "namespace": tenant},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def _state(status: _Status) -> State:
    if status.condition("Finished").status == "True":
        return State.FINISHED
    waiting = status.condition("Succeeded").reason in _WAITING or status.started_at is None
    return State.WAITING if waiting else State.RUNNING


def _part(entry: _Analysis) -> Part:
    return Part(
        name=entry.name,
        state=entry.state,
        verdict=entry.verdict,
        score=entry.score,
        examined_share=entry.examined_share,
        progress=entry.progress,
        reason=entry.reason,
        message=entry.message,
        findings=[Finding.model_validate(finding.model_dump()) for finding in entry.findings],
        cached=entry.cached,
        cached_from=Key(entry.cached_from.name, entry.cached_from.uid).id if entry.cached_from else None,
    )
