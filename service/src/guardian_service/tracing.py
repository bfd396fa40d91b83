"""Traces by OpenTelemetry, sent by OTLP over HTTP. Without an endpoint nothing of it is imported, and nothing is made.

A span is recorded when it has ended: what happens in one process may have begun in another, or before this one started.
What is passed on meanwhile is its context, as W3C Trace Context writes it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from guardian_service.trace_context import Context

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

Kind = Literal["internal", "server", "client"]
Attributes = Mapping[str, str | int | float | bool]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LAST_SECONDS = 3.0
"""How long the end of a process waits for a collector that does not answer."""


@dataclass(slots=True)
class Span:
    """A span that has begun. Times are nanoseconds since 1970."""

    name: str
    context: Context
    parent: Context | None
    began: int
    recorder: Recorder
    kind: Kind = "internal"

    def end(self, attributes: Attributes | None = None, *, at: int | None = None, error: str = "") -> None:
        """Record it."""
        self.recorder.record(self, at or time.time_ns(), attributes or {}, error=error)

    def part(self, name: str, began: int, ended: int, kind: Kind = "internal", **attributes: str | float) -> None:
        """Record a part of it that has ended."""
        part = Span(name, self.context.child(), self.context, began, self.recorder, kind)
        self.recorder.record(part, ended, attributes)


current: ContextVar[Span | None] = ContextVar("current span", default=None)
"""The span that the running task works for: log lines name it, and calls to other processes pass it on."""


@contextmanager
def active(span: Span | None) -> Iterator[None]:
    """Have a span be the current one."""
    token = current.set(span)
    try:
        yield
    finally:
        current.reset(token)


def log_fields(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the ids of the current span to a log line, as a processor of structlog."""
    if (span := current.get()) is not None:
        event["trace_id"], event["span_id"] = span.context.trace_id, span.context.span_id
    return event


class Recorder(Protocol):
    """Takes spans that have ended."""

    def record(
        self, span: Span, ended: int, attributes: Attributes, *, links: Sequence[Context] = (), error: str = ""
    ) -> None:
        """Take one. Never waits, and never raises."""


class Tracing:
    """Makes spans, or none: without a recorder, and where a trace is not sampled.

    Args:
        recorder: takes spans; None: there are no traces.
        ratio: the share of traces that are recorded, of those that begin here.
    """

    def __init__(self, recorder: Recorder | None = None, ratio: float = 1.0) -> None:
        self.recorder = recorder
        self._ratio = ratio

    def start(
        self, name: str, parent: Context | None, *, kind: Kind = "internal", at: int | None = None
    ) -> Span | None:
        """Begin a span, of a trace of its own if it has no parent; None: it will not be recorded."""
        if self.recorder is None:
            return None
        context = parent.child() if parent else self._sampled(Context(secrets.token_hex(16), secrets.token_hex(8)))
        return Span(name, context, parent, at or time.time_ns(), self.recorder, kind) if context.sampled else None

    def of_object(self, uid: str, parent: Context | None = None) -> Context:
        """Return the context of an object's own span, the same in every process: of its parent's trace, if any."""
        digest = hashlib.blake2b(uid.encode(), digest_size=24).hexdigest()
        if parent is not None:
            return replace(parent, span_id=digest[32:])
        return self._sampled(Context(digest[:32], digest[32:]))

    def _sampled(self, context: Context) -> Context:
        return replace(context, sampled=int(context.trace_id[16:], 16) < self._ratio * 2**64)


OFF = Tracing()


class OtlpRecorder:
    """Sends spans by OTLP over HTTP, in batches, from a thread of its own; what does not fit into its queue is dropped.

    Address, headers, certificates and time-outs are the standard variables ``OTEL_EXPORTER_OTLP_…``.
    """

    def __init__(self, service: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._resource = Resource.create({"service.name": service})
        self._processor = BatchSpanProcessor(OTLPSpanExporter())

    def record(
        self, span: Span, ended: int, attributes: Attributes, *, links: Sequence[Context] = (), error: str = ""
    ) -> None:
        """Queue one."""
        self._processor.on_end(_readable(self._resource, span, ended, attributes, links=links, error=error))

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(_LAST_SECONDS)


def _readable(
    resource: Resource, span: Span, ended: int, attributes: Attributes, *, links: Sequence[Context], error: str
) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def named(context: Context, *, remote: bool) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), remote, flags)

    return ReadableSpan(
        name=span.name,
        context=named(span.context, remote=False),
        parent=named(span.parent, remote=True) if span.parent else None,
        resource=resource,
        attributes=attributes,
        links=[Link(named(each, remote=True)) for each in links],
        kind=SpanKind[span.kind.upper()],
        status=Status(StatusCode.ERROR, error) if error else Status(StatusCode.UNSET),
        start_time=span.began,
        end_time=max(ended, span.began),
    )


def from_environment(service: str) -> Tracing:
    """Return what the standard variables ask for: without an endpoint, no traces."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return OFF
    recorder = OtlpRecorder(service)
    atexit.register(recorder.close)
    try:
        ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG") or 1.0)
    except ValueError:
        ratio = 1.0
    return Tracing(recorder, ratio)
