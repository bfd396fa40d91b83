"""`guardian analyze`: files and folders go in; a line a file comes out as each ends, and a bar says how far all are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from analysis_operator.api import AnalysisRequest, ConditionType
from analysis_operator.cli.lines import line_of, shown
from analysis_operator.cli.live import VERDICT_STYLE
from analysis_operator.cli.output import Output, print_text
from analysis_operator.local.batch import Batch, File, FileOutcome
from analysis_operator.local.listening import HINT, speech_folder
from analysis_operator.local.pool import MODULES
from analysis_operator.report.words import clock, words
from analyzer_contract import FailureReason

_NO_VERDICT = "No verdict"
_VERDICT_WIDTH = 12
_INDENT = " " * (_VERDICT_WIDTH + 6)


async def analyze(files: Sequence[File], analyzers: Sequence[str], out: Path, output: Output) -> bool:
    """Analyse files; return whether each recording has a verdict.

    Raises:
        StartFailed: an analyzer does not start.
    """
    batch = Batch(out, {name: MODULES[name] for name in analyzers}, with_reports=output is Output.TEXT)
    with Printer(len(files), output) as printer:
        await batch.run(files, printer)
    if output is Output.TEXT and len(files) > 1:
        printer.print(f"\n{printer.summary()}\nReports: {out / 'reports' / 'default'}")
    if output is Output.TEXT and speech_folder() is None:
        printer.print(HINT)
    return not printer.failed


class _Lines(Console):
    def on_broken_pipe(self) -> None:
        """Let the command end in order, where rich would end the process."""
        raise  # noqa: PLE0704 - called while the error is handled


class Printer:
    """Prints each outcome, and shows a bar while there is a terminal; a context manager.

    Lines go to standard output. The bar goes to the terminal, whether that is standard output or standard error, and
    lines that are printed to the same terminal stand above it.
    """

    def __init__(self, count: int, output: Output) -> None:
        self._count = count
        self._output = output
        self._started = time.monotonic()
        self._lines = _Lines()
        bar = self._lines if self._lines.is_terminal else Console(stderr=True)
        columns = (
            TextColumn("{task.fields[ended]} of {task.fields[count]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=bar, transient=True, disable=not bar.is_terminal)
        self._bar = self._progress.add_task("", total=100 * count, ended=0, count=count)
        self._percents: dict[File, int] = {}
        self._ended: Counter[str] = Counter()
        self.failed = 0
        """Files that should have a verdict and have none."""

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away, if it is still there."""
        self._progress.stop()

    def progress(self, file: File, percent: int) -> None:
        """Move the bar."""
        self._progress.update(self._bar, advance=percent - self._percents.get(file, 0))
        self._percents[file] = percent

    def ended(self, outcome: FileOutcome) -> None:
        """Print what became of a file."""
        self.progress(outcome.file, 100)
        verdict = outcome.request.status.verdict if outcome.request else None
        self._ended[str(verdict or _NO_VERDICT)] += 1
        self._progress.update(self._bar, ended=self._ended.total(), refresh=True)
        self.failed += verdict is None and not _is_by_the_way(outcome)
        if self._ended.total() == self._count:
            self._progress.stop()  # what follows is only that processes end
        if self._output is Output.JSONL:
            self.print(line_of(outcome).model_dump_json(by_alias=True))
        elif self._count == 1 and outcome.request is not None:
            _print_details(outcome, outcome.request, self.print)
        else:
            _print_line(outcome, self.print)

    def print(self, text: str, style: str = "") -> None:
        """Print text, above the bar if it is on the same terminal."""
        print_text(self._lines, text, style)
        self._lines.file.flush()

    def summary(self) -> str:
        """Return how many files got which verdict, and how fast."""
        seconds = max(time.monotonic() - self._started, 0.001)
        counts = ", ".join(f"{count} {words(name).lower()}" for name, count in self._ended.most_common())
        return f"{self._count} files in {seconds:.0f} s, {60 * self._count / seconds:.0f} a minute: {counts}."


def _is_by_the_way(outcome: FileOutcome) -> bool:
    """Return whether a file only lay in a folder that was named, and is no recording."""
    return not outcome.file.named and _reason(outcome)[0] == FailureReason.UNSUPPORTED_MEDIA


def _reason(outcome: FileOutcome) -> tuple[str, str]:
    if outcome.request is None:
        return outcome.reason, outcome.message
    condition = outcome.request.status.condition(ConditionType.SUCCEEDED)
    return (condition.reason, condition.message) if condition else ("", "")


def _print_line(outcome: FileOutcome, print_: Callable[[str, str], None]) -> None:
    status = outcome.request.status if outcome.request else None
    if status is None or status.verdict is None:
        reason, message = _reason(outcome)
        print_(f"{_NO_VERDICT:<{_VERDICT_WIDTH}}      {shown(outcome.file.path)}", "bold red")
        print_(f"{_INDENT}{reason}: {message}", "")
        return
    verdict = str(status.verdict)
    style = VERDICT_STYLE.get(verdict, "")
    print_(f"{words(verdict):<{_VERDICT_WIDTH}} {status.score:>3}  {shown(outcome.file.path)}", style)
    if verdict != "NoEvidence":
        for entry in status.analyses:
            if entry.verdict is status.verdict:
                print_(f"{_INDENT}{entry.message}", "")
        if outcome.report is not None:
            print_(f"{_INDENT}Report: {outcome.report}", "")


def _print_details(outcome: FileOutcome, request: AnalysisRequest, print_: Callable[[str, str], None]) -> None:
    status = request.status
    if status.verdict is None:
        reason, message = _reason(outcome)
        print_(f"No verdict: {reason}", "bold red")
        print_(message, "")
    else:
        verdict = str(status.verdict)
        print_(f"{words(verdict)}, score {status.score} of 100", VERDICT_STYLE.get(verdict, ""))
        for entry in status.analyses:
            print_(f"{entry.name}: {entry.message}", "")
            for finding in entry.findings:
                stretch = f"{clock(finding.start_seconds)} to {clock(finding.end_seconds)}"
                print_(f"  {stretch}  {words(finding.kind)}, strength {finding.score}", "")
    if outcome.report is not None:
        print_(f"Report: {outcome.report}", "")
