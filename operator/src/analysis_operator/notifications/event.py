"""Values: an event, and what is done with it on its way: told as JSON, addressed, and signed. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis_operator.api import (
    AnalysisBatch,
    AnalysisRequest,
    Analyzer,
    AnalyzerStatus,
    Condition,
    ConditionType,
    EventType,
    Metadata,
    Mode,
)
from analysis_operator.callbacks.decision import facts_of, names_of
from guardian_service.trace_context import read

_SPEC_VERSION = "1.0"
_JSON = "application/json"
_STRUCTURED = "application/cloudevents+json"
_KEY_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
PLURALS = {
    EventType.REQUEST_FINISHED: "analysisrequests",
    EventType.BATCH_FINISHED: "analysisbatches",
    EventType.POOL_UNSCALABLE: "analyzers",
}
"""The kind of object that an event is about, as paths have it."""

_NOT_SCALING = {"PodsFailing", "ObjectRefused"}
"""Reasons of the condition Ready that keep a pool from getting the pods that it needs."""


@dataclass(frozen=True, slots=True)
class Event:
    """One CloudEvent. The same occurrence has the same id, in every operator and however often it is sent."""

    id: str
    type: EventType
    namespace: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    traceparent: str | None = None
    """The span of the request's maker: CloudEvents' extension for distributed tracing."""


def request_finished(request: AnalysisRequest) -> Event:
    """Return the event about the end of a request."""
    meta, parent = request.metadata, read(request.metadata.traceparent)
    time, traceparent = _time(request.status.finished_at, meta), parent.traceparent if parent else None
    return _event(
        EventType.REQUEST_FINISHED, meta, "finished", time=time, data=facts_of(request), traceparent=traceparent
    )


def batch_finished(batch: AnalysisBatch) -> Event:
    """Return the event about the end of a batch."""
    meta, status = batch.metadata, batch.status
    complete = status.condition(ConditionType.COMPLETE)
    facts = {
        "reason": complete.reason if complete else "",
        "counts": status.counts.model_dump(mode="json", by_alias=True),
        "resultsURI": status.results_uri,
        **names_of(meta),
    }
    return _event(EventType.BATCH_FINISHED, meta, "finished", time=_time(status.finished_at, meta), data=facts)


def pool_unscalable(analyzer: Analyzer) -> Event | None:
    """Return the event about a pool that, by its status, gets no more pods; None if nothing keeps it from that."""
    meta, status, trouble = analyzer.metadata, analyzer.status, _trouble(analyzer.status)
    if trouble is None:
        return None
    since = trouble.last_transition_time
    facts = {"reason": trouble.reason, "message": trouble.message, "queued": status.queued, **names_of(meta)}
    what = f"{trouble.reason}.{since:%Y%m%dT%H%M%SZ}"
    return _event(EventType.POOL_UNSCALABLE, meta, what, time=since, data=facts)


def _event(
    kind: EventType,
    meta: Metadata,
    what: str,
    *,
    time: datetime,
    data: Mapping[str, Any],
    traceparent: str | None = None,
) -> Event:
    """Return an event about an object; ``what`` tells it from the object's other events of this type."""
    subject = f"namespaces/{meta.namespace}/{PLURALS[kind]}/{meta.name}"
    return Event(f"{meta.uid}.{what}", kind, meta.namespace, subject, time, data, traceparent)


def _trouble(status: AnalyzerStatus) -> Condition | None:
    scaling, ready = status.condition(ConditionType.SCALING_ACTIVE), status.condition(ConditionType.READY)
    if scaling is not None and scaling.status == "False" and scaling.reason != "FixedSize":
        return scaling
    return ready if ready is not None and ready.status == "False" and ready.reason in _NOT_SCALING else None


def _time(finished_at: datetime | None, meta: Metadata) -> datetime:
    time = finished_at or meta.creation_timestamp
    if time is None:
        raise ValueError(f"{meta.namespace}/{meta.name} has not finished")
    return time


def encoded(event: Event, source: str, mode: Mode) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of the call that sends an event: CloudEvents 1.0, HTTP protocol binding.

    No attribute has a character that a header would need escaped: names in Kubernetes have none, and `source` is a URI.
    """
    attributes = {
        "specversion": _SPEC_VERSION,
        "id": event.id,
        "source": source,
        "type": event.type.value,
        "subject": event.subject,
        "time": event.time.isoformat().replace("+00:00", "Z"),
    }
    if event.traceparent is not None:
        attributes["traceparent"] = event.traceparent
    if mode == "binary":
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        return headers | {"Content-Type": _JSON}, _as_json(event.data)
    whole = {**attributes, "datacontenttype": _JSON, "data": event.data}
    return {"Content-Type": f"{_STRUCTURED}; charset=UTF-8"}, _as_json(whole)


def _as_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a signing key as Standard Webhooks writes it. Raises ValueError."""
    if not secret.startswith(_KEY_PREFIX):
        raise ValueError(f"a key begins with {_KEY_PREFIX}")
    key = base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
    if len(key) not in _KEY_BYTES:
        raise ValueError(f"a key has {_KEY_BYTES.start} to {_KEY_BYTES.stop - 1} bytes")
    return key


def signed(key: bytes, event_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent a body, and when: Standard Webhooks, v1."""
    seconds = str(int(now.timestamp()))
    digest = hmac.new(key, f"{event_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
