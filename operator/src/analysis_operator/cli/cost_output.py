"""What ``guardian cost`` shows: a table for people, a document for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from analysis_operator.cli.cost_model import Assumptions, PoolCost, Scenario, total

_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Figures:
    """What both output formats show. ``pools`` is empty with --what-if."""

    namespace: str
    pools: Sequence[PoolCost]
    compared: Sequence[Scenario]
    assumptions: Assumptions
    hours_per_day: float
    notes: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Return them for programs."""
        return _document(self)

    def show(self, console: Console) -> None:
        """Print them for people."""
        _show(console, self)


def _document(figures: Figures) -> dict[str, Any]:
    pools, assumptions = figures.pools, figures.assumptions
    counted = {"pools": [_pool_figures(pool) for pool in pools], "sum": _pool_figures(total(pools))} if pools else {}
    return {
        **counted,
        "oneNode": [
            {
                "scenario": scenario.key,
                "perMonth": round(scenario.per_month, 2),
                "saving": None if scenario.saving is None else round(scenario.saving, 4),
            }
            for scenario in figures.compared
        ],
        "assumptions": {
            "currency": "USD",
            "onDemandPrice": assumptions.on_demand_price,
            "spotPrice": assumptions.spot_price,
            "nodeTailMinutes": assumptions.node_tail_minutes,
            "hoursPerMonth": assumptions.hours_per_month,
            "hoursPerDay": figures.hours_per_day,
        },
        "notes": list(figures.notes),
    }


def _pool_figures(pool: PoolCost) -> dict[str, Any]:
    return {
        "name": pool.name,
        "observedHours": round(pool.observed_hours, 4),
        "podHours": round(pool.pod_hours, 4),
        "workedShare": None if pool.worked_share is None else round(pool.worked_share, 4),
        "nodeHours": round(pool.node_hours, 4),
        "tailHours": round(pool.tail_hours, 4),
        "starts": pool.starts,
        "perMonth": None if pool.per_month is None else round(pool.per_month, 2),
    }


def _show(console: Console, figures: Figures) -> None:
    if figures.pools:
        console.print(f"Counted in namespace {figures.namespace}, in hours", style="bold", markup=False)
        console.print(_pool_table(figures.pools))
        for note in figures.notes:
            console.print(note, style="yellow", markup=False)
        console.print()
    console.print(f"One node for a month of {figures.assumptions.hours_per_month:g} h", style="bold")
    console.print(_scenario_table(figures.compared))
    show_assumptions(console, _assumption_lines(figures.assumptions, counted=bool(figures.pools)))


def show_assumptions(console: Console, lines: Sequence[str]) -> None:
    """Print what figures stand on, a sentence or two in each line."""
    console.print("\nAssumptions", style="bold")
    for line in lines:
        wrapped = textwrap.fill(line, console.width, initial_indent="- ", subsequent_indent="  ")
        console.print(wrapped, markup=False, soft_wrap=True)


def _pool_table(pools: Sequence[PoolCost]) -> Table:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    grid.add_column("POOL", overflow="fold")
    for name in ("OBSERVED", "PODS", "WORKED", "NODES", "IDLE TAIL", "STARTS", "$/MONTH"):
        grid.add_column(name, justify="right", no_wrap=True)
    for pool in [*pools, total(pools)]:
        grid.add_row(
            pool.name,
            f"{pool.observed_hours:,.2f}",
            f"{pool.pod_hours:,.2f}",
            _percent(pool.worked_share),
            f"{pool.node_hours:,.2f}",
            f"{pool.tail_hours:,.2f}",
            f"{pool.starts:,}",
            _NOTHING if pool.per_month is None else f"{pool.per_month:,.2f}",
            style="bold" if pool.name == "sum" else None,
        )
    return grid


def _scenario_table(compared: Sequence[Scenario]) -> Table:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    grid.add_column("HOW IT RUNS")
    grid.add_column("$/MONTH", justify="right", no_wrap=True)
    grid.add_column("SAVED", justify="right", no_wrap=True)
    for scenario in compared:
        grid.add_row(scenario.name, f"{scenario.per_month:,.2f}", _percent(scenario.saving))
    return grid


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.0%}"


def _assumption_lines(assumptions: Assumptions, *, counted: bool) -> list[str]:
    """Return the assumptions behind the figures, in a sentence each."""
    lines = [
        f"On demand {assumptions.on_demand_price:g} $/h (--on-demand-price), "
        f"Spot {assumptions.spot_price:g} $/h (--spot-price). The prices are examples, not quotes.",
        "The hours a day are an example too (--hours-per-day); they include the time in which a node is empty and not "
        "gone yet.",
    ]
    if counted:
        lines += [
            "NODES: a node's time is shared equally between the pods on it, so the sum is the time of all nodes.",
            f"IDLE TAIL: {assumptions.node_tail_minutes:g} minutes for each start from zero (--node-tail-minutes), "
            "in which a node is empty and not gone yet. Too much where pools share a node, too little where a burst "
            "brings several nodes.",
            "$/MONTH: NODES and IDLE TAIL at the Spot price, as if each month were like the time observed.",
            "Always on is one node, however many a burst had.",
        ]
    return lines
