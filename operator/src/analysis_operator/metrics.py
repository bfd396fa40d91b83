"""Prometheus metrics. Labels come from small closed sets, never from users' names."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from analysis_operator.api import AnalysisRequest, ConditionType, Usage
from guardian_service.trace_context import Context

FINISHED = Counter("silver_guardian_requests_finished_total", "Requests that finished.", ["verdict", "reason"])
DURATION = Histogram(
    "silver_guardian_request_duration_seconds",
    "From creation to the end.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)
ATTEMPTS = Counter("silver_guardian_attempts_total", "Attempts that ended.", ["analyzer", "outcome"])
QUEUED = Gauge("silver_guardian_queued", "Analyses that wait for a slot.", ["analyzer"])
PAUSED = Gauge("silver_guardian_paused", "1 while a pool begins no analysis, by spec.paused.", ["analyzer"])
RUNNING = Gauge("silver_guardian_running", "Analyses that run.", ["analyzer"])
PODS = Gauge("silver_guardian_pods", "Pods that a node has, those that are leaving included.", ["analyzer"])
POD_SECONDS = Gauge("silver_guardian_pod_seconds", "Seconds of pods, since counting began.", ["analyzer"])
BUSY_SECONDS = Gauge("silver_guardian_busy_seconds", "Seconds of analyses, since counting began.", ["analyzer"])
NODE_SECONDS = Gauge(
    "silver_guardian_node_seconds", "Seconds of nodes, each shared between the pods on it.", ["analyzer"]
)
BATCHES = Counter("silver_guardian_batches_finished_total", "Batches that ended.", ["reason"])
STATUS_WRITES = Counter("silver_guardian_status_writes_total", "Writes of a request's status.")
RECONCILE_ERRORS = Counter("silver_guardian_reconcile_errors_total", "Reconciles that failed inside the operator.")
MISSED_EVENTS = Counter("silver_guardian_missed_events_total", "Changes that a resync found and no watch delivered.")
LEADER = Gauge("silver_guardian_leader", "1 in the operator that leads, 0 in one that stands by.")
CLOCK_DIFFERENCE = Gauge(
    "silver_guardian_clock_difference_seconds", "How far this clock is ahead of the API server's, at least."
)
REPORTS_PAUSED = Gauge("silver_guardian_reports_paused", "1 while no reports are written, because S3 was too slow.")
RECORDS_WAITING = Gauge("silver_guardian_records_waiting", "Requests whose newest state is not in the database yet.")
RECORDS_LAG = Gauge("silver_guardian_records_lag_seconds", "How long the oldest of them has been waiting.")
RECORDS_WRITTEN = Counter("silver_guardian_records_written_total", "States and deletions written to the database.")
RECORDS_LOST = Counter("silver_guardian_records_lost_total", "States that the database will never have.", ["cause"])
DATABASE_FAILURES = Counter(
    "silver_guardian_database_failures_total", "Batches that the database did not take.", ["cause"]
)
CALLBACKS = Counter("silver_guardian_callbacks_total", "Attempts to answer a state machine.", ["reply"])
NOTIFICATIONS = Counter("silver_guardian_notifications_total", "Attempts to send an event.", ["type", "reply"])
NOTIFICATIONS_WAITING = Gauge("silver_guardian_notifications_waiting", "Events that not every subscriber has yet.")
DEAD_LETTERS = Counter(
    "silver_guardian_notification_dead_letters_total", "Events that one subscriber will never get.", ["cause"]
)
_POOL = (QUEUED, RUNNING, PODS, POD_SECONDS, BUSY_SECONDS, NODE_SECONDS)


def record_end(request: AnalysisRequest, trace: Context | None) -> None:
    """Count a request that has just finished; its trace, if it has one, is an example of how long requests took."""
    status, meta = request.status, request.metadata
    succeeded = status.condition(ConditionType.SUCCEEDED)
    FINISHED.labels(str(status.verdict or "None"), succeeded.reason if succeeded else "").inc()
    if status.finished_at and meta.creation_timestamp:
        seconds = (status.finished_at - meta.creation_timestamp).total_seconds()
        DURATION.observe(seconds, trace.exemplar if trace else None)


def record_pool(name: str, queued: int, running: int, pods: int, usage: Usage) -> None:
    """Set the figures of a pool. Its sums come from its status, so they outlive this process."""
    for gauge, value in zip(
        _POOL, (queued, running, pods, usage.pod_seconds, usage.busy_seconds, usage.node_seconds), strict=True
    ):
        gauge.labels(name).set(value)


def forget_pool(name: str) -> None:
    """Remove the figures of a pool that was deleted."""
    for gauge in (*_POOL, PAUSED):
        gauge.labels(name)  # remove() needs it, even if nothing was counted yet
        gauge.remove(name)
