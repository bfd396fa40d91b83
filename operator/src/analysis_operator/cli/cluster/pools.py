"""What `top` shows: pools, who waits in which namespace, and the verdicts of the last hour. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis_operator.api import Analyzer, ConditionType
from analysis_operator.cli.cluster.rows import Row

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Load:
    """What a cluster does. ``pools`` None: the caller may not read them."""

    pools: Sequence[Analyzer] | None
    rows: Sequence[Row]
    now: datetime

    def pool_cells(self) -> list[list[str]]:
        """Return the table of the pools, its head first."""
        table = [["POOL", "PODS", "MOST", "SLOTS", "RUNNING", "QUEUED", "STATE"]]
        for pool in self.pools or ():
            told = _pool(pool)
            table.append([str(value) for value in told.values()])
        return table

    def queue(self) -> list[tuple[str, int, int]]:
        """Return each namespace with how many of its requests wait and run, the longest queue first."""
        waiting = Counter(row.namespace for row in self.rows if row.state == "waiting")
        running = Counter(row.namespace for row in self.rows if row.state == "running")
        return sorted(
            ((name, waiting[name], running[name]) for name in {*waiting, *running}),
            key=lambda entry: (-entry[1], entry[0]),
        )

    def verdicts(self) -> dict[str, int]:
        """Return how often which verdict, or reason without one, was reached in the last hour, the most often first."""
        ended = Counter(
            row.verdict or row.reason for row in self.rows if row.finished and self.now - row.finished <= _HOUR
        )
        return dict(sorted(ended.items(), key=lambda entry: (-entry[1], entry[0])))

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "pools": None if self.pools is None else [_pool(pool) for pool in self.pools],
            "queue": [
                {"namespace": name, "waiting": waiting, "running": running} for name, waiting, running in self.queue()
            ],
            "lastHour": self.verdicts(),
        }


def _pool(pool: Analyzer) -> dict[str, str | int]:
    spec, status = pool.spec, pool.status
    ready = status.condition(ConditionType.READY)
    return {
        "name": pool.metadata.name,
        "readyPods": status.ready_replicas,
        "mostPods": spec.scaling.max_replicas if spec.replicas is None else spec.replicas,
        "slots": status.ready_replicas * spec.concurrency,
        "running": status.running,
        "queued": status.queued,
        "state": ready.reason if ready else "Unknown",
    }
