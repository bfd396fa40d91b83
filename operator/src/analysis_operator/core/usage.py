"""What a pool has used: pod, node and busy seconds, counted from the scale history as it happens. Pure."""

from __future__ import annotations

from datetime import datetime

from analysis_operator.api import Usage


class Meter:
    """Sums up what a pool uses. What is said at one time holds until something else is said.

    Args:
        usage: what was counted before, from the Analyzer's status; its last known size held while no operator ran.
        now: the time, in UTC.
        pods: how many pods the pool had when ``usage`` was written.
    """

    def __init__(self, usage: Usage | None, now: datetime, pods: int = 0) -> None:
        self._since = usage.since if usage else now
        self._until = usage.until if usage else now
        self._pod = float(usage.pod_seconds if usage else 0)
        self._busy = float(usage.busy_seconds if usage else 0)
        self._node = float(usage.node_seconds if usage else 0)
        self._starts = usage.starts if usage else 0
        self._pods, self._running, self._nodes = pods, 0, float(pods > 0)

    def count(self, now: datetime, *, pods: int, running: int, nodes: float) -> None:
        """Add what was used until now, and note what is used from now on."""
        seconds = max(0.0, (now - self._until).total_seconds())
        self._pod += seconds * self._pods
        self._busy += seconds * self._running
        self._node += seconds * self._nodes
        self._starts += self._pods == 0 and pods > 0
        self._until = max(now, self._until)
        self._pods, self._running, self._nodes = pods, running, nodes

    def usage(self) -> Usage:
        """Give the sums."""
        return Usage(
            since=self._since,
            until=self._until,
            pod_seconds=int(self._pod),
            busy_seconds=int(self._busy),
            node_seconds=int(self._node),
            starts=self._starts,
        )
