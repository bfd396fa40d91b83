"""The spans of requests and batches. Without tracing every call returns at once, and nothing is kept."""

from __future__ import annotations

import time
from datetime import datetime

from analysis_operator.api import AnalysisBatch, AnalysisRequest, ConditionType
from guardian_service.trace_context import Context, read
from guardian_service.tracing import Attributes, Span, Tracing


class Spans:
    """Makes the span of each request, and of what happens for it.

    The span of a request has an id that follows from its UID: each operator knows it, before it is recorded at the end.

    Args:
        traces: takes the spans.
    """

    def __init__(self, traces: Tracing) -> None:
        self._traces = traces
        self._waits: dict[str, dict[str, Span]] = {}
        self._attempts: dict[tuple[str, str], Span] = {}

    def of_request(self, request: AnalysisRequest) -> Context:
        """Return the context of a request's span."""
        meta = request.metadata
        return self._traces.of_object(meta.uid, read(meta.traceparent))

    def recorded(self, request: AnalysisRequest) -> Context | None:
        """Return the context of a request's span if it will be recorded."""
        if self._traces.recorder is None or not (own := self.of_request(request)).sampled:
            return None
        return own

    def queued(self, request: AnalysisRequest, analyzer: str) -> None:
        """An analysis waits for a slot from now on."""
        if self._traces.recorder is None:
            return
        span = self._traces.start(f"queue {analyzer}", self.of_request(request))
        if span is not None:
            self._waits.setdefault(request.metadata.uid, {}).setdefault(analyzer, span)

    def started(self, uid: str, analyzer: str) -> Span | None:
        """Return the span of an attempt that begins."""
        wait = self._waits.get(uid, {}).get(analyzer)
        if wait is None:
            return None
        span = self._traces.start(f"attempt {analyzer}", wait.parent, kind="client")
        if span is not None:
            self._attempts[uid, analyzer] = span
        return span

    def ended(self, uid: str, analyzer: str, pod: str, outcome: str | None) -> None:
        """An attempt ended. None: the pod did not take it, and the analysis still waits."""
        span = self._attempts.pop((uid, analyzer), None)
        if span is None or outcome is None:
            return
        if (wait := self._waits.get(uid, {}).pop(analyzer, None)) is not None:
            wait.end(at=span.began)
        error = "" if outcome in {"Result", "Unchanged"} else outcome
        span.end({"guardian.pod": pod, "guardian.outcome": outcome}, error=error)

    def dropped(self, uid: str, analyzer: str | None) -> None:
        """An analysis of a request was taken from the queue; None: all of them."""
        if analyzer is None:
            self._waits.pop(uid, None)
        else:
            self._waits.get(uid, {}).pop(analyzer, None)

    def report(self, request: AnalysisRequest) -> Span | None:
        """Return the span of the report's writing."""
        return None if self._traces.recorder is None else self._traces.start("report", self.of_request(request))

    def on_finished(self, request: AnalysisRequest) -> None:
        """A request has its end: record the span of all of it."""
        recorder, meta, status = self._traces.recorder, request.metadata, request.status
        if recorder is None or meta.creation_timestamp is None or (own := self.recorded(request)) is None:
            return
        span = Span("analysis request", own, read(meta.traceparent), _nanoseconds(meta.creation_timestamp), recorder)
        succeeded = status.condition(ConditionType.SUCCEEDED)
        reason = succeeded.reason if succeeded else ""
        links = [self._traces.of_object(meta.batch_uid)] if meta.batch_uid else []
        error = reason if succeeded is not None and succeeded.status != "True" else ""
        about = _about(meta.name, meta.namespace, meta.uid) | {"guardian.verdict": str(status.verdict or "")}
        recorder.record(span, _end(status.finished_at), about | {"guardian.reason": reason}, links=links, error=error)

    def on_batch_finished(self, batch: AnalysisBatch) -> None:
        """A batch has its end: its requests are traces of their own, which name this span by a link."""
        recorder, meta, status = self._traces.recorder, batch.metadata, batch.status
        if recorder is None or status.started_at is None or not (own := self._traces.of_object(meta.uid)).sampled:
            return
        span = Span("analysis batch", own, None, _nanoseconds(status.started_at), recorder)
        counts: Attributes = {"guardian.recordings": status.counts.total, "guardian.failed": status.counts.failed}
        recorder.record(span, _end(status.finished_at), {**_about(meta.name, meta.namespace, meta.uid), **counts})


def _about(name: str, namespace: str, uid: str) -> dict[str, str]:
    return {"guardian.name": name, "k8s.namespace.name": namespace, "guardian.uid": uid}


def _end(finished_at: datetime | None) -> int:
    return _nanoseconds(finished_at) if finished_at else time.time_ns()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e6) * 1000
