"""Contexts as W3C Trace Context writes them, spans, and log lines; without an endpoint there is nothing of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from guardian_service import tracing
from guardian_service.trace_context import Context, read
from guardian_service.tracing import Attributes, Span, Tracing

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Kept:
    def __init__(self) -> None:
        self.spans: list[tuple[Span, int, Attributes, Sequence[Context], str]] = []

    def record(
        self, span: Span, ended: int, attributes: Attributes, *, links: Sequence[Context] = (), error: str = ""
    ) -> None:
        self.spans.append((span, ended, attributes, links, error))


@pytest.mark.parametrize(
    "text",
    [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-03", f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-comes"],
)
def test_a_context_is_read(text: str) -> None:
    assert read(text) == Context(TRACE, SPAN, sampled=True)


def test_what_is_not_sampled_is_not_recorded() -> None:
    parent = read(f"00-{TRACE}-{SPAN}-00")
    assert parent is not None
    assert parent.traceparent == f"00-{TRACE}-{SPAN}-00"
    assert Tracing(Kept()).start("x", parent) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01\r\nx: y",
    ],
)
def test_what_is_no_context_is_none(text: str | None) -> None:
    assert read(text) is None


def test_parts_and_logs_name_their_span() -> None:
    kept = Kept()
    span = Tracing(kept).start("whole", read(f"00-{TRACE}-{SPAN}-01"))
    assert span is not None
    with tracing.active(span):
        assert tracing.log_fields(None, "info", {})["trace_id"] == TRACE
        span.part("part", 1, 2, "client", stage="s")
    span.end(error="OutOfMemory")
    (part, ended, attributes, _, _), (whole, _, _, _, error) = kept.spans
    assert (part.parent, ended, attributes, error) == (whole.context, 2, {"stage": "s"}, "OutOfMemory")
    assert tracing.log_fields(None, "info", {}) == {}


def test_an_objects_own_span_is_the_same_in_every_process() -> None:
    one, other = Tracing(Kept()), Tracing(Kept())
    assert one.of_object("uid-1") == other.of_object("uid-1") != one.of_object("uid-2")
    parent = Context(TRACE, SPAN)
    assert one.of_object("uid-1", parent).trace_id == TRACE
    assert one.of_object("uid-1", parent).span_id == one.of_object("uid-1").span_id


def test_the_ratio_decides_by_the_trace() -> None:
    half = Tracing(Kept(), ratio=0.5)
    sampled = sum(half.of_object(f"uid-{n}").sampled for n in range(1000))
    assert 400 < sampled < 600
    assert not Tracing(Kept(), ratio=0).of_object("uid").sampled
    assert Tracing(Kept(), ratio=1).of_object("uid").sampled


def test_without_an_endpoint_nothing_is_imported() -> None:
    code = (
        "import sys; from guardian_service import tracing; t = tracing.from_environment('x'); "
        "assert t is tracing.OFF and t.start('x', None) is None; "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], env={}, check=False).returncode == 0
