"""What pools cost: the plan's table from its prices, and a month from what was counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis_operator.api import Analyzer, AnalyzerStatus, Usage
from analysis_operator.cli.cost_model import Assumptions, PoolCost, pool_cost, scenarios, total
from tests.unit.operator.scaling.test_scaled_object import analyzer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = 3600


def pool(
    *, hours: float, stale: float = 0, ready: int = 0, concurrency: int = 1, pod: float = 0, busy: float = 0,
    node: float = 0, starts: int = 0,
) -> Analyzer:  # fmt: skip
    """A pool counted for some hours, up to ``stale`` hours ago; pod, busy and node are hours too."""
    until = NOW - timedelta(hours=stale)
    usage = Usage(
        since=until - timedelta(hours=hours),
        until=until,
        pod_seconds=round(pod * HOUR),
        busy_seconds=round(busy * HOUR),
        node_seconds=round(node * HOUR),
        starts=starts,
    )
    status = AnalyzerStatus(replicas=ready, ready_replicas=ready, usage=usage)
    return analyzer(concurrency=concurrency).model_copy(update={"status": status})


def cost(assumptions: Assumptions | None = None, **usage: Any) -> PoolCost:
    figures = pool_cost(pool(**usage), NOW, assumptions or Assumptions())
    assert figures is not None
    return figures


@pytest.mark.parametrize(
    ("key", "per_month", "saved"),
    [("alwaysOnOnDemand", "122.40", "0%"), ("alwaysOnSpot", "36.00", "71%"), ("scaledToZero", "6.00", "95%")],
)
def test_the_table_of_the_plan_follows_from_its_prices(key: str, per_month: str, saved: str) -> None:
    scenario = {row.key: row for row in scenarios(Assumptions(), 4)}[key]
    assert f"{scenario.per_month:.2f}" == per_month
    assert f"{scenario.saving:.0%}" == saved


ROWS: list[tuple[str, dict[str, Any], float, float]] = [
    ("nothing was used", {"hours": 720}, 0, 0),
    ("a node for 4 h a day, started each day", {"hours": 720, "node": 120, "starts": 30}, 5, 6.25),
    ("a day stands for a month", {"hours": 24, "node": 4}, 0, 6),
    ("a node for all of the time has no idle tail", {"hours": 24, "node": 24, "starts": 3}, 0, 36),
    ("a pool that never rests cannot idle longer than there is time", {"hours": 24, "node": 12, "starts": 500}, 12, 36),
    ("idle since ten days, as a pool at zero is not written again", {"hours": 48, "stale": 192, "node": 10}, 0, 1.5),
    ("pods, and no operator that counts", {"hours": 48, "stale": 192, "ready": 1, "node": 48}, 0, 36),
]


@pytest.mark.parametrize(
    ("usage", "tail", "per_month"), [row[1:] for row in ROWS], ids=[row[0].replace(" ", "-") for row in ROWS]
)
def test_a_month_follows_from_what_was_counted(usage: dict[str, Any], tail: float, per_month: float) -> None:
    figures = cost(**usage)
    assert figures.tail_hours == pytest.approx(tail)
    assert figures.per_month == pytest.approx(per_month)


def test_other_prices_and_another_idle_tail_count() -> None:
    figures = cost(Assumptions(spot_price=0.1, node_tail_minutes=60), hours=720, node=10, starts=5)
    assert figures.per_month == pytest.approx(15 * 0.1)


def test_what_worked_is_told_by_slots_and_not_by_pods() -> None:
    assert cost(hours=10, pod=8, busy=2).worked_share == pytest.approx(0.25)
    assert cost(hours=10, pod=8, busy=16, concurrency=4).worked_share == pytest.approx(0.5)
    assert cost(hours=10).worked_share is None


@pytest.mark.parametrize(("hours", "short"), [(0.99, True), (1, False)])
def test_less_than_an_hour_is_too_short_for_a_month(hours: float, short: bool) -> None:
    assert cost(hours=hours, node=0.5).is_short is short


def test_no_time_observed_gives_no_month() -> None:
    assert cost(hours=0).per_month is None
    assert pool_cost(analyzer(), NOW, Assumptions()) is None


def test_pools_add_up_although_one_was_observed_for_longer() -> None:
    day, month = cost(hours=24, pod=6, busy=3, node=4), cost(hours=720, pod=2, busy=1, node=120, starts=6)
    figures = total([day, month, cost(hours=0)])
    assert (figures.pod_hours, figures.node_hours, figures.starts, figures.observed_hours) == (8, 124, 6, 720)
    assert figures.worked_share == pytest.approx(0.5)
    assert figures.per_month == pytest.approx(6 + 6.05)


def test_the_saving_is_told_against_one_node_always_on_and_may_be_a_loss() -> None:
    *_, counted = scenarios(Assumptions(), 4, total([cost(hours=720, node=120)]))
    assert (counted.key, f"{counted.saving:.0%}") == ("counted", "95%")
    *_, counted = scenarios(Assumptions(), 4, total([cost(hours=720, node=4 * 720)]))
    assert f"{counted.saving:.0%}" == "-18%"
    assert scenarios(Assumptions(on_demand_price=0), 4)[0].saving is None
