"""Show the progress of requests: a live table on a terminal, one line for each change elsewhere."""

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
from analysis_operator.cli.output import print_text, visible

VERDICT_STYLE = {"LikelyFake": "bold red", "Suspicious": "yellow", "NoEvidence": "cyan", "Inconclusive": "magenta"}
_BAR_WIDTH = 20
_REFRESH_PER_SECOND = 8


class View(Protocol):
    """Shows requests as they are now."""

    def __call__(self, requests: Sequence[AnalysisRequest]) -> None:
        """Show the requests."""


@contextmanager
def view(console: Console) -> Iterator[View]:
    """Yield the view that fits the console."""
    if not console.is_terminal:
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True) as live:
        yield lambda requests: live.update(table(requests))


class Lines:
    """A view that prints one line when the status of a request, or the state of one of its analyses, changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._printed: dict[str, str] = {}

    def __call__(self, requests: Sequence[AnalysisRequest]) -> None:
        """Print what changed."""
        for request in requests:
            line = f"{request.metadata.name}: {reason(request)}{_states(request)}"
            if self._printed.get(request.metadata.uid) != line:
                self._printed[request.metadata.uid] = line
                seconds = time.monotonic() - self._started
                print_text(self._console, f"{seconds:6.1f} s  {line}")


def table(requests: Sequence[AnalysisRequest]) -> Table:
    """Return the requests with their progress as a rich table."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Name", "Status", "", "", "Verdict", "Now"):
        grid.add_column(column, no_wrap=True)
    for request in requests:
        status = request.status
        verdict = str(status.verdict or "")
        grid.add_row(
            Text(visible(request.metadata.name)),
            Text(visible(reason(request))),
            ProgressBar(total=100, completed=status.progress, width=_BAR_WIDTH),
            f"{status.progress} %",
            Text(verdict, style=VERDICT_STYLE.get(verdict, "")),
            Text(visible(_stages(request)), style="dim"),
        )
    return grid


def reason(request: AnalysisRequest) -> str:
    """Return the reason of the condition Succeeded."""
    condition = request.status.condition(ConditionType.SUCCEEDED)
    return condition.reason if condition else ""


def _states(request: AnalysisRequest) -> str:
    entries = [f"{entry.name} {entry.state}" for entry in request.status.analyses]
    return f" ({', '.join(entries)})" if entries else ""


def _stages(request: AnalysisRequest) -> str:
    running = [entry for entry in request.status.analyses if entry.state is AnalysisState.RUNNING]
    return ", ".join(f"{entry.name}: {entry.message}" for entry in running)
