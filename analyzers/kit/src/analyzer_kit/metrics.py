"""Prometheus metrics of one service, in a registry of its own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from guardian_service.trace_context import Context

_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


class Metrics:
    """The counters and gauges of a service."""

    def __init__(self, analyzer: str, slots: int) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        labels = {"analyzer": analyzer}
        self._analyses = Counter(
            "guardian_analyses",
            "Analyses that ended, by outcome: a verdict, a failure's reason, or Cancelled.",
            ["analyzer", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "guardian_analysis_seconds",
            "Wall-clock time of an analysis.",
            ["analyzer"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._analyzer = analyzer
        self._gauge("guardian_slots", "Analyses that can run at once.", labels).set(slots)
        self._busy = self._gauge("guardian_busy_slots", "Analyses that run now.", labels)
        self._starts = self._gauge("guardian_worker_starts", "Templates of child processes warmed up so far.", labels)

    def _gauge(self, name: str, text: str, labels: dict[str, str]) -> Gauge:
        return Gauge(name, text, list(labels), registry=self._registry).labels(**labels)

    def watch(self, busy: Callable[[], float], worker_starts: Callable[[], float]) -> None:
        """Read these two whenever the metrics are scraped."""
        self._busy.set_function(busy)
        self._starts.set_function(worker_starts)

    def ended(self, outcome: str, seconds: float, trace: Context | None = None) -> None:
        """Count an analysis; its trace, if it has one, is an example of how long analyses took."""
        self._analyses.labels(self._analyzer, outcome).inc()
        self._seconds.labels(self._analyzer).observe(seconds, trace.exemplar if trace else None)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the metrics and their media type: OpenMetrics where it is accepted, else Prometheus' text format."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
