"""What so many recordings a day need and cost: nodes on Spot, requests to S3, storage. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_DAY_SECONDS = 86_400
_MONTH_DAYS = 30
_PER_DAY = {"hour": 24.0, "day": 1.0, "month": 1 / _MONTH_DAYS}
_RATE = re.compile(r"^([0-9][0-9_,]{0,19})/(hour|day|month)$")

BUSY_SHARE = 0.7
"""The rest is for pods that start, for nodes that are empty and not gone yet, and for hours that are busier."""
POD_CORES = 0.5
"""What a pod requests by default."""
NODE_USABLE = 0.95
"""The rest is taken by what runs on every node."""
RESULT_DAYS, RECORDING_DAYS = 90, 30
"""For which deploy.sh's buckets keep them."""
OPERATOR_PER_SECOND = 94
"""What one operator was measured to do with requests that are each created (docs/performance.md)."""
POOL_PODS = 100
"""A pool has at most so many pods: spec.scaling.maxReplicas."""

_WRITES_EACH, _READS_EACH = 3, 5
"""Of one analyzer: result, plot and the entry for later requests; a look at the recording, the recording, the entry,
and result and plot for the report."""
_BATCH_WRITES = 1 / 250 + 1 / 1000
"""A part of a batch's results, and a page of a list."""


@dataclass(frozen=True, slots=True)
class Work:
    """Recordings a day, and what one needs: the seconds of all its analyzers together, and its megabytes."""

    per_day: float
    cpu_seconds: float = 1.7
    wait_seconds: float = 0.5
    analyzers: int = 2
    recording_mb: float = 3.0
    result_mb: float = 0.42


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars: an hour of a Spot node of so many cores, 1,000 requests to S3, a GB kept for a month."""

    spot: float = 0.05
    node_cores: int = 4
    s3_writes: float = 0.0045
    s3_reads: float = 0.00035
    s3_storage: float = 0.025


DEFAULT_WORK, DEFAULT_PRICES = Work(per_day=0), Prices()


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that costs."""

    key: str
    what: str
    amount: float
    unit: str
    per_month: float

    @property
    def per_day(self) -> float:
        """Return its dollars a day."""
        return self.per_month / _MONTH_DAYS


@dataclass(frozen=True, slots=True)
class Plan:
    """What the work needs; ``objects`` is what would lie in etcd if each recording was a request kept for a week."""

    per_second: float
    pods: int
    nodes: int
    objects: int
    rows: tuple[Row, ...]

    @property
    def per_month(self) -> float:
        """Return the dollars of a month."""
        return sum(row.per_month for row in self.rows)


def per_day(rate: str) -> float | None:
    """Return the recordings a day of a rate such as ``1000000/day``; None if it is none."""
    found = _RATE.match(rate)
    if found is None:
        return None
    number = int(re.sub(r"[_,]", "", found[1]))
    return number * _PER_DAY[found[2]] or None


def planned(work: Work, prices: Prices, ttl_days: float) -> Plan:
    """Return what the work needs and costs, spread evenly over the day.

    Args:
        work: how much.
        prices: of nodes and S3.
        ttl_days: for which a request that has finished is kept.
    """
    per_second = work.per_day / _DAY_SECONDS
    slots = per_second * (work.cpu_seconds + work.wait_seconds * work.analyzers)
    pods = math.ceil(slots / BUSY_SHARE)
    usable = prices.node_cores * NODE_USABLE
    computing = math.ceil(per_second * work.cpu_seconds / BUSY_SHARE / usable)
    nodes = max(computing, math.ceil(pods / max(1, math.floor(usable / POD_CORES))))
    writes = work.per_day * (_WRITES_EACH * work.analyzers + 1 + _BATCH_WRITES)
    reads = work.per_day * _READS_EACH * work.analyzers
    results = work.per_day * RESULT_DAYS * work.result_mb / 1000
    recordings = work.per_day * RECORDING_DAYS * work.recording_mb / 1000
    rows = (
        Row("nodes", f"Spot nodes of {prices.node_cores} cores", nodes, "", nodes * prices.spot * 24 * _MONTH_DAYS),
        Row("s3Writes", "S3 writes a day", writes, "", writes * _MONTH_DAYS * prices.s3_writes / 1000),
        Row("s3Reads", "S3 reads a day", reads, "", reads * _MONTH_DAYS * prices.s3_reads / 1000),
        Row("results", f"Results, kept {RESULT_DAYS} days", results, "GB", results * prices.s3_storage),
        Row("recordings", f"Recordings, kept {RECORDING_DAYS} days", recordings, "GB", recordings * prices.s3_storage),
    )
    return Plan(per_second, pods, nodes, round(work.per_day * ttl_days), rows)
