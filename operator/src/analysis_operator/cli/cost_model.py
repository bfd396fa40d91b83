"""What pools cost, and what they would cost without scaling: from counted usage and prices. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis_operator.api import Analyzer

SHORT_HISTORY_HOURS = 1.0
"""Less is too little to extrapolate a month from."""

_SECONDS = 3600.0
_HOURS_OF_DAY = 24.0


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the figures assume. The prices are examples for one c5.xlarge, from the first plan of this project.

    Prices are in dollars for an hour of one node. ``node_tail_minutes``: how long the cluster autoscaler keeps a
    node that has become empty (its ``--scale-down-unneeded-time``, 10 minutes by default).
    """

    on_demand_price: float = 0.17
    spot_price: float = 0.05
    node_tail_minutes: float = 10.0
    hours_per_month: float = 30 * _HOURS_OF_DAY


@dataclass(frozen=True, slots=True)
class PoolCost:
    """What one pool, or all of them, used and cost.

    ``worked_hours``: the part of the pod-hours in which the pods' slots were taken. ``tail_hours``: nodes that were
    empty and not removed yet. ``per_month``: dollars for a month like the time observed; None if no time was observed.
    """

    name: str
    observed_hours: float
    pod_hours: float
    worked_hours: float
    node_hours: float
    tail_hours: float
    starts: int
    per_month: float | None

    @property
    def worked_share(self) -> float | None:
        """The share of the pod-hours in which pods worked, 0 to 1; None if there were no pods."""
        return self.worked_hours / self.pod_hours if self.pod_hours else None

    @property
    def is_short(self) -> bool:
        """Whether too little was observed to extrapolate a month."""
        return self.observed_hours < SHORT_HISTORY_HOURS


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to run a node: dollars a month, and the share saved against always on, on demand (None if that is 0)."""

    key: str
    name: str
    per_month: float
    saving: float | None


def pool_cost(analyzer: Analyzer, now: datetime, assumptions: Assumptions) -> PoolCost | None:
    """Return what one pool used and cost; None if no usage has been counted yet.

    The status of an idle pool is not written again, so without a ready pod the last count holds until now. Each start
    from zero is followed by one idle tail, as far as the observed time has room for it.
    """
    usage = analyzer.status.usage
    if usage is None:
        return None
    until = usage.until if analyzer.status.ready_replicas else max(usage.until, now)
    observed = max(0.0, (until - usage.since).total_seconds() / _SECONDS)
    node = usage.node_seconds / _SECONDS
    tail = min(usage.starts * assumptions.node_tail_minutes / 60, max(0.0, observed - node))
    cost = (node + tail) * assumptions.spot_price
    return PoolCost(
        name=analyzer.metadata.name,
        observed_hours=observed,
        pod_hours=usage.pod_seconds / _SECONDS,
        worked_hours=usage.busy_seconds / _SECONDS / analyzer.spec.concurrency,
        node_hours=node,
        tail_hours=tail,
        starts=usage.starts,
        per_month=cost / observed * assumptions.hours_per_month if observed else None,
    )


def total(pools: Sequence[PoolCost]) -> PoolCost:
    """Return the sum over pools, with the longest time observed. Pools without a figure per month add nothing."""
    monthly = [pool.per_month for pool in pools if pool.per_month is not None]
    return PoolCost(
        name="sum",
        observed_hours=max((pool.observed_hours for pool in pools), default=0.0),
        pod_hours=sum(pool.pod_hours for pool in pools),
        worked_hours=sum(pool.worked_hours for pool in pools),
        node_hours=sum(pool.node_hours for pool in pools),
        tail_hours=sum(pool.tail_hours for pool in pools),
        starts=sum(pool.starts for pool in pools),
        per_month=sum(monthly) if monthly else None,
    )


def scenarios(assumptions: Assumptions, hours_per_day: float, counted: PoolCost | None = None) -> list[Scenario]:
    """Return the scenarios: one node always on, on demand and Spot, and Spot scaled to zero, assumed and as counted.

    Args:
        assumptions: prices, and the length of a month.
        hours_per_day: how long a node runs each day, idle tails included.
        counted: the sum over the pools, if usage was counted.
    """
    month = assumptions.hours_per_month
    always = assumptions.on_demand_price * month
    costs = [
        ("alwaysOnOnDemand", "Always on, on demand", always),
        ("alwaysOnSpot", "Always on, Spot", assumptions.spot_price * month),
        (
            "scaledToZero",
            f"Spot, scaled to zero, a node for {hours_per_day:g} h a day",
            assumptions.spot_price * hours_per_day * month / _HOURS_OF_DAY,
        ),
    ]
    if counted is not None and counted.per_month is not None:
        costs.append(("counted", "Spot, scaled to zero, as counted here", counted.per_month))
    return [Scenario(key, name, cost, 1 - cost / always if always else None) for key, name, cost in costs]
