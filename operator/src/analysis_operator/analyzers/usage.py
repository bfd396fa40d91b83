"""What a pool has used: seconds of pods, nodes and analyses, counted while it scales. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from analysis_operator.api import AnalyzerStatus, Usage

_WARM_UP = timedelta(seconds=10)
"""A new operator takes a moment to observe the pods that run already."""


class Meter:
    """Sums up what a pool uses. Each count holds until the next one.

    While no operator runs, nothing is counted. The pods that took work when the status was written are assumed to have
    stayed until the first count, with their usual share of a node. Pods that only waited for a node are not: that may
    have lasted for hours, and costs nothing. Analyses end with the operator that ran them.

    Args:
        status: the Analyzer's status as the last operator left it.
        now: the time, in UTC.
    """

    def __init__(self, status: AnalyzerStatus, now: datetime) -> None:
        usage = status.usage or Usage(since=now, until=now)
        self._since, self._until, self._starts = usage.since, usage.until, usage.starts
        self._pod, self._busy, self._node = (
            float(usage.pod_seconds), float(usage.busy_seconds), float(usage.node_seconds)
        )  # fmt: skip
        share = self._node / self._pod if self._pod else 1.0
        self._pods, self._running, self._nodes = status.ready_replicas, 0, status.ready_replicas * share
        self._warm_at = now + _WARM_UP if status.replicas else now

    def count(self, now: datetime, *, pods: int, running: int, nodes: float) -> None:
        """Add what was used until now, and record what is used from now on.

        If the clock was set back, `since` moves back with it: the span stays as long as what was counted in it.
        """
        passed = now - self._until
        if passed < timedelta():
            self._since += passed
            passed = timedelta()
        seconds = passed.total_seconds()
        self._pod += seconds * self._pods
        self._busy += seconds * self._running
        self._node += seconds * self._nodes
        self._starts += self._pods == 0 and pods > 0 and now >= self._warm_at
        self._until = now
        self._pods, self._running, self._nodes = pods, running, nodes

    def usage(self) -> Usage:
        """Return the sums, to the nearest second: rounded down, each restart of the operator would lose some."""
        return Usage(
            since=self._since,
            until=self._until,
            pod_seconds=round(self._pod),
            busy_seconds=round(self._busy),
            node_seconds=round(self._node),
            starts=self._starts,
        )
