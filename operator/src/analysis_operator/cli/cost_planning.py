"""``guardian cost --plan``: what so many recordings need and cost, for people and for programs. It needs no cluster."""

from __future__ import annotations

import math
import textwrap
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from analysis_operator.api import RequestSpec
from analysis_operator.cli.cost_output import show_assumptions
from analysis_operator.cli.cost_plan import (
    BUSY_SHARE,
    OPERATOR_PER_SECOND,
    POOL_PODS,
    Plan,
    Prices,
    Work,
    per_day,
    planned,
)

_PANEL = "For --plan"
_MUCH = 0.5
"""The share of what one operator was measured to do from which another one is advised."""


def finite(value: float) -> float:
    """Check a number on the command line."""
    if not math.isfinite(value):
        raise typer.BadParameter("it must be a finite number")
    return value


def rate(value: str | None) -> str | None:
    """Check a rate on the command line."""
    if value is not None and per_day(value) is None:
        raise typer.BadParameter("write it as 1000000/day; hour and month are taken, too")
    return value


Rate = Annotated[
    str | None,
    typer.Option("--plan", callback=rate, help="Plan for RECORDINGS/day instead; needs no cluster.", metavar="RATE"),
]
CpuSeconds = Annotated[
    float,
    typer.Option(
        callback=finite,
        min=0.01,
        max=36000,
        help="CPU seconds of one recording, all analyzers.",
        rich_help_panel=_PANEL,
    ),
]
WaitSeconds = Annotated[
    float,
    typer.Option(
        callback=finite, min=0, max=3600, help="Seconds in which one analysis waits for S3.", rich_help_panel=_PANEL
    ),
]
Analyzers = Annotated[
    int, typer.Option("--analyzers", min=1, max=10, help="Analyzers of one recording.", rich_help_panel=_PANEL)
]
RecordingMb = Annotated[
    float, typer.Option(callback=finite, min=0, max=1e6, help="MB of one recording.", rich_help_panel=_PANEL)
]
ResultMb = Annotated[
    float, typer.Option(callback=finite, min=0, max=1e3, help="MB of its results and page.", rich_help_panel=_PANEL)
]
NodeCores = Annotated[int, typer.Option(min=1, max=512, help="Cores of a node.", rich_help_panel=_PANEL)]
S3Writes = Annotated[
    float, typer.Option(callback=finite, min=0, max=1e3, help="$ for 1,000 writes.", rich_help_panel=_PANEL)
]
S3Reads = Annotated[
    float, typer.Option(callback=finite, min=0, max=1e3, help="$ for 1,000 reads.", rich_help_panel=_PANEL)
]
S3Storage = Annotated[
    float, typer.Option(callback=finite, min=0, max=1e3, help="$ for a GB and month.", rich_help_panel=_PANEL)
]


class Planning:
    """One plan: what was asked, and what follows.

    Args:
        work: how much is to be done.
        prices: of nodes and S3.
    """

    def __init__(self, work: Work, prices: Prices) -> None:
        ttl_days = RequestSpec.model_fields["ttl_seconds_after_finished"].default / 86_400
        self._work, self._prices, self._ttl_days = work, prices, ttl_days
        self._plan: Plan = planned(work, prices, ttl_days)

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        work, prices, plan = self._work, self._prices, self._plan
        return {
            "recordingsPerDay": work.per_day,
            "perSecond": round(plan.per_second, 4),
            "pods": plan.pods,
            "nodes": plan.nodes,
            "requestsKept": plan.objects,
            "costs": [
                {"key": row.key, "amount": round(row.amount, 3), "unit": row.unit, **_dollars(row.per_month)}
                for row in plan.rows
            ],
            "sum": _dollars(plan.per_month),
            "assumptions": {
                "currency": "USD",
                "cpuSeconds": work.cpu_seconds,
                "waitSeconds": work.wait_seconds,
                "analyzers": work.analyzers,
                "recordingMb": work.recording_mb,
                "resultMb": work.result_mb,
                "busyShare": BUSY_SHARE,
                "nodeCores": prices.node_cores,
                "spotPrice": prices.spot,
                "s3WritePrice": prices.s3_writes,
                "s3ReadPrice": prices.s3_reads,
                "s3StoragePrice": prices.s3_storage,
            },
            "notes": self._notes(),
        }

    def show(self, console: Console) -> None:
        """Print it for people."""
        plan = self._plan
        head = (
            f"{self._work.per_day:,.0f} recordings a day, {plan.per_second:,.1f} a second: {plan.pods:,} pods at work"
        )
        console.print(head, style="bold", markup=False)
        grid = Table(box=None, header_style="bold", pad_edge=False)
        grid.add_column("WHAT")
        for name in ("HOW MUCH", "$/DAY", "$/MONTH"):
            grid.add_column(name, justify="right", no_wrap=True)
        for row in plan.rows:
            amount = f"{row.amount:,.0f} {row.unit}".rstrip()
            grid.add_row(row.what, amount, f"{row.per_day:,.2f}", f"{row.per_month:,.2f}")
        grid.add_row("sum", "", f"{plan.per_month / 30:,.2f}", f"{plan.per_month:,.2f}", style="bold")
        console.print(grid)
        for note in self._notes():
            console.print(textwrap.fill(note, console.width), style="yellow", markup=False, soft_wrap=True)
        show_assumptions(console, self._assumptions())

    def _notes(self) -> list[str]:
        plan, share = self._plan, self._plan.per_second / OPERATOR_PER_SECOND
        notes = [f"One operator: {share:.0%} of the {OPERATOR_PER_SECOND} requests a second that were measured."]
        if share > _MUCH:
            notes.append("That is more than half: divide the work between clusters.")
        if plan.pods > POOL_PODS * self._work.analyzers:
            notes.append(f"A pool has at most {POOL_PODS} pods: raise spec.concurrency, or divide the work.")
        notes.append(
            f"As single requests {plan.objects:,} objects would lie in etcd, kept {self._ttl_days:g} days each; as "
            "batches a few hundred."
        )
        return notes

    def _assumptions(self) -> list[str]:
        work, prices = self._work, self._prices
        return [
            f"{work.cpu_seconds:g} CPU-s a recording (--cpu-seconds; by default 30 s of 720p with sound, both "
            f"analyzers, as measured), {work.wait_seconds:g} s for S3 in each analysis (--wait-seconds, a guess). "
            f"Pods and nodes are busy {BUSY_SHARE:.0%} of their time.",
            f"Spot {prices.spot:g} $/h for {prices.node_cores} cores (--spot-price, --node-cores); "
            f"S3 {prices.s3_writes:g} $ and {prices.s3_reads:g} $ for 1,000 writes and reads, "
            f"{prices.s3_storage:g} $ for a GB and month (--s3-write-price, --s3-read-price, --s3-storage-price). "
            "The prices are examples of November 2026, not quotes.",
            f"{work.recording_mb:g} MB a recording, {work.result_mb:g} MB of results (--recording-mb, --result-mb). "
            "Recordings that are kept anyway cost nothing more.",
            "The day is even. Twice as much for some hours needs twice the nodes for them, and no more node hours.",
            "Not in it: what a deployment costs while nothing runs, and data that leaves the region.",
        ]


def _dollars(per_month: float) -> dict[str, float]:
    return {"perDay": round(per_month / 30, 2), "perMonth": round(per_month, 2)}
