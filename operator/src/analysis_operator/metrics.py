"""Prometheus metrics. Labels come from small closed sets, never from users' names."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from analysis_operator.api import AnalysisRequest, ConditionType

FINISHED = Counter("silver_guardian_requests_finished_total", "Requests that finished.", ["verdict", "reason"])
DURATION = Histogram(
    "silver_guardian_request_duration_seconds",
    "From creation to the end.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)
ATTEMPTS = Counter("silver_guardian_attempts_total", "Attempts that ended.", ["analyzer", "outcome"])
QUEUED = Gauge("silver_guardian_queued", "Analyses that wait for a slot.", ["analyzer"])
RUNNING = Gauge("silver_guardian_running", "Analyses that run.", ["analyzer"])
STATUS_WRITES = Counter("silver_guardian_status_writes_total", "Writes of a request's status.")
RECONCILE_ERRORS = Counter("silver_guardian_reconcile_errors_total", "Reconciles that failed inside the operator.")
MISSED_EVENTS = Counter("silver_guardian_missed_events_total", "Changes that a resync found before any watch told.")


def record_end(request: AnalysisRequest) -> None:
    """Count a request that has just finished."""
    status, meta = request.status, request.metadata
    succeeded = status.condition(ConditionType.SUCCEEDED)
    FINISHED.labels(str(status.verdict or "None"), succeeded.reason if succeeded else "").inc()
    if status.finished_at and meta.creation_timestamp:
        DURATION.observe((status.finished_at - meta.creation_timestamp).total_seconds())
