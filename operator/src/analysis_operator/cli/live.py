"""How requests are shown while they move: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from analysis_operator.api import AnalysisRequest, AnalysisState, ConditionType

VERDICT_STYLE = {"LikelyFake": "bold red", "Suspicious": "yellow", "NoEvidence": "cyan", "Inconclusive": "magenta"}
_BAR_WIDTH = 20
_REFRESH_PER_SECOND = 8


class View(Protocol):
    """Shows requests as they are now."""

    def __call__(self, requests: Sequence[AnalysisRequest]) -> None:
        """Show them."""


@contextmanager
def view(console: Console) -> Iterator[View]:
    """Give the view that fits where the output goes."""
    if not console.is_terminal:
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True) as live:
        yield lambda requests: live.update(table(requests))


class Lines:
    """One line for each request whose status, or whose analyses' states, changed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._known: dict[str, str] = {}

    def __call__(self, requests: Sequence[AnalysisRequest]) -> None:
        """Print what changed."""
        for request in requests:
            told = f"{request.metadata.name}: {reason(request)}{_states(request)}"
            if self._known.get(request.metadata.uid) != told:
                self._known[request.metadata.uid] = told
                seconds = time.monotonic() - self._started
                self._console.print(f"{seconds:6.1f} s  {told}", markup=False, highlight=False, soft_wrap=True)


def table(requests: Sequence[AnalysisRequest]) -> Table:
    """Give the requests with their progress as a rich table."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Name", "Status", "", "", "Verdict", "Now"):
        shown.add_column(column, no_wrap=True)
    for request in requests:
        status = request.status
        verdict = str(status.verdict or "")
        shown.add_row(
            Text(request.metadata.name),
            Text(reason(request)),
            ProgressBar(total=100, completed=status.progress, width=_BAR_WIDTH),
            f"{status.progress} %",
            Text(verdict, style=VERDICT_STYLE.get(verdict, "")),
            Text(_stages(request), style="dim"),
        )
    return shown


def reason(request: AnalysisRequest) -> str:
    """Give the reason of the condition that says how it stands."""
    found = request.status.condition(ConditionType.SUCCEEDED)
    return found.reason if found else ""


def _states(request: AnalysisRequest) -> str:
    entries = [f"{entry.name} {entry.state}" for entry in request.status.analyses]
    return f" ({', '.join(entries)})" if entries else ""


def _stages(request: AnalysisRequest) -> str:
    running = [entry for entry in request.status.analyses if entry.state is AnalysisState.RUNNING]
    return ", ".join(f"{entry.name}: {entry.message}" for entry in running)
