"""`batches` and `batch`: the batches of a cluster, and one of them with its progress, followed to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from analysis_operator.api import AnalysisBatch, ConditionType
from analysis_operator.cli.cluster.following import followed
from analysis_operator.cli.cluster.models import batch_of
from analysis_operator.cli.cluster.printing import (
    Format,
    Lines,
    ListFormat,
    print_grid,
    print_objects,
    print_wrapped,
)
from analysis_operator.cli.output import print_text
from analysis_operator.cli.table import age
from analysis_operator.errors import Reason

if TYPE_CHECKING:
    from analysis_operator.cli.cluster.client import Cluster
    from analysis_operator.kube.objects import KubeObject

KIND = "AnalysisBatch"

_HEAD = ("NAME", "STATUS", "PROGRESS", "TOTAL", "FAKE", "SUSPICIOUS", "FAILED", "PER MINUTE", "LEFT", "AGE")
_NUMBERS = range(2, 9)

type _Show = Callable[[AnalysisBatch], None]


async def show_batches(cluster: Cluster, *, everywhere: bool, output: ListFormat) -> int:
    """Print the batches of a namespace, or of all, the newest first."""
    raws = await cluster.batches(everywhere=everywhere)
    raws.sort(key=lambda raw: str(raw["metadata"].get("creationTimestamp", "")), reverse=True)
    if output not in {ListFormat.TABLE, ListFormat.WIDE}:
        print_objects(raws, output, kind=KIND)
        return 0
    if not raws:
        where = "in the cluster" if everywhere else f"in namespace {cluster.namespace}"
        print_text(Lines(), f"There are no batches {where}.")
        return 0
    table = cells(
        [batch_of(raw) for raw in raws], datetime.now(UTC), namespaces=everywhere, wide=output is ListFormat.WIDE
    )
    print_grid(Lines(), table, right=[column + everywhere for column in _NUMBERS])
    return 0


def cells(batches: Sequence[AnalysisBatch], now: datetime, *, namespaces: bool, wide: bool = False) -> list[list[str]]:
    """Return the cells of a table, its head first."""
    rows = [[*(["NAMESPACE"] if namespaces else []), *_HEAD, *(["SOURCE"] if wide else [])]]
    for batch in batches:
        meta, status, counts = batch.metadata, batch.status, batch.status.counts
        numbers = (status.total, counts.likely_fake, counts.suspicious, counts.failed, status.per_minute)
        rows.append([
            *([meta.namespace] if namespaces else []),
            meta.name,
            _reason(batch),
            f"{status.progress} %",
            *("-" if number is None else str(number) for number in numbers),
            _left(batch, now) or "-",
            age(meta.creation_timestamp, now) if meta.creation_timestamp else "-",
            *([batch.spec.source.uri] if wide else []),
        ])  # fmt: skip
    return rows


async def show_batch(cluster: Cluster, name: str, output: Format, *, wait: bool, timeout: float | None) -> int:
    """Print a batch, after its end with `wait`; return the exit code.

    Raises:
        TooLate: it has not ended within `timeout` seconds; it goes on.
    """
    console = Lines() if output is Format.TABLE else Console(stderr=True)
    raw = await (_follow(cluster, name, timeout, console) if wait else cluster.batch(name))
    batch = batch_of(raw)
    if output is Format.TABLE:
        for number, line in enumerate(told(batch, datetime.now(UTC))):
            print_wrapped(console, line, style="" if number else "bold")
    else:
        print_objects([raw], output, alone=True, kind=KIND)
    failed = batch.status.condition(ConditionType.FAILED)
    return 1 if wait and failed is not None and failed.status == "True" else 0


def told(batch: AnalysisBatch, now: datetime) -> Iterator[str]:
    """Yield what a person wants to know of a batch, a line each."""
    name, status, counts = batch.metadata.name, batch.status, batch.status.counts
    complete = status.condition(ConditionType.COMPLETE)
    said = f": {complete.message}" if complete and complete.message else ""
    yield f"{name} {'has ended' if status.finished else 'is under way'} ({_reason(batch)}){said}"
    of = f" of {status.total}" if status.total is not None else ""
    yield f"  {counts.total}{of} done ({status.progress} %), {status.running} running{_rate(batch, now)}"
    yield (
        f"  LikelyFake {counts.likely_fake}, Suspicious {counts.suspicious}, NoEvidence {counts.no_evidence}, "
        f"Inconclusive {counts.inconclusive}, without a verdict {counts.failed}"
    )
    if counts.reasons:
        yield "  Without a verdict: " + ", ".join(f"{entry.reason} {entry.count}" for entry in counts.reasons)
    for line in status.failed_lines:
        yield f"  Line {line.line} of the manifest: {line.reason}"
    if status.results_uri:
        yield f"Results: aws s3 cp --recursive {status.results_uri} results/"


async def _follow(cluster: Cluster, name: str, timeout: float | None, console: Console) -> KubeObject:
    """Show the progress of a batch to its end, and return it."""
    with _view(console) as show:

        def has_ended(raw: KubeObject) -> bool:
            batch = batch_of(raw)
            show(batch)
            return batch.status.finished

        return await followed(
            name, lambda: cluster.batch(name), has_ended, timeout=timeout, hint=f"kubectl guardian batch {name}"
        )


@contextmanager
def _view(console: Console) -> Iterator[_Show]:
    """Yield what shows a batch: a bar on a terminal, elsewhere a line for each per cent and each new reason."""
    if not console.is_terminal:
        printed = [""]

        def show_line(batch: AnalysisBatch) -> None:
            line = f"{batch.metadata.name}: {_reason(batch)}, {batch.status.progress} %"
            if line != printed[0]:
                printed[0] = line
                print_text(console, line)

        yield show_line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[rate]}", markup=False), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show_bar(batch: AnalysisBatch) -> None:
            status = batch.status
            description = f"{batch.metadata.name} ({_reason(batch)})"
            rate = _rate(batch, datetime.now(UTC)).lstrip(", ")
            bar.update(task, description=description, completed=status.counts.total, total=status.total, rate=rate)

        yield show_bar


def _reason(batch: AnalysisBatch) -> str:
    complete = batch.status.condition(ConditionType.COMPLETE)
    return complete.reason if complete else str(Reason.PENDING)


def _rate(batch: AnalysisBatch, now: datetime) -> str:
    if batch.status.finished or batch.status.per_minute is None:
        return ""
    left = _left(batch, now)
    return f", {batch.status.per_minute} a minute" + (f", about {left} left" if left else "")


def _left(batch: AnalysisBatch, now: datetime) -> str:
    """Return how long it will take; empty where it is not known, or it has ended."""
    end = batch.status.estimated_end
    return "" if end is None or batch.status.finished else age(now, max(now, end))
