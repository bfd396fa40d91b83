"""The part of a batch that is at work: parts that were read and are not in the results yet, and their requests.

All of it can be lost: it is read again from the checkpoint on, and the requests say what was done meanwhile. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from analysis_operator.api import (
    MOST_FAILED_LINES,
    MOST_REASONS,
    AnalysisBatch,
    BatchCounts,
    BatchStatus,
    Checkpoint,
    FailedLine,
    FailureCount,
    Metadata,
    Position,
)
from analysis_operator.batches.child import Child, name_of
from analysis_operator.batches.lines import BatchLine, of_failure, of_request
from analysis_operator.batches.rows import Page, Row, checked
from analyzer_contract import Verdict
from guardian_service.s3 import split_uri

_OTHERS = "Others"


@dataclass(slots=True)
class Item:
    """One row, the name of its request, and what became of it."""

    row: Row
    name: str
    outcome: BatchLine | None = None


@dataclass(slots=True)
class Part:
    """Rows whose outcomes are written together. ``end``: the position after them."""

    number: int
    items: list[Item]
    end: Position
    written: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything in it has an outcome."""
        return all(item.outcome is not None for item in self.items)


@dataclass(slots=True)
class Known:
    """A request that exists, or may: its answer is not there yet."""

    row: Row
    made: Metadata | None = None
    """Names it, once it is there. No more of it is kept: there may be a thousand."""
    outcome: BatchLine | None = None


@dataclass(slots=True)
class Work:
    """What is at work of one batch.

    Args:
        batch: as it was when the work began.
    """

    batch: AnalysisBatch
    parts: list[Part] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    reached: Position = field(default_factory=Position)
    exhausted: bool = False
    first: int = 0
    listed_since_stop: bool = False
    """Whether the requests were listed after it was decided that the batch stops: one made without an answer counts."""
    flushed: tuple[BatchLine, ...] | None = None
    """What a batch that stops has written as its last part."""

    def __post_init__(self) -> None:
        """Begin where the results end."""
        self.reached = self.batch.status.checkpoint.position
        self.first = self.batch.status.checkpoint.parts

    # ---- what comes in

    def adopt(self, child: Child) -> None:
        """Take in a request of the batch, new or newer."""
        name = child.request.metadata.name
        if name != name_of(self.batch, child.row):
            return  # somebody else's, with our mark
        known = self.known.setdefault(name, Known(child.row))
        known.made = child.request.metadata
        if child.request.status.finished:
            self._came_to_an_end(name, of_request(child.request, known.row))

    def making(self, name: str, row: Row) -> None:
        """Take note that a request is being created."""
        self.known.setdefault(name, Known(row))

    def not_made(self, name: str) -> None:
        """Take note that a request was not created."""
        known = self.known.get(name)
        if known is not None and known.made is None:
            del self.known[name]

    def failed(self, name: str, reason: str, message: str) -> None:
        """Take note that a recording has no request, and never will."""
        self.known.pop(name, None)
        for item in self._items():
            if item.name == name and item.outcome is None:
                item.outcome = of_failure(item.row, reason, message, name)

    def removed(self, name: str, reason: str, message: str) -> None:
        """Take note that a request is gone. One that had not finished has failed: it is not made again."""
        known = self.known.pop(name, None)
        if known is not None and known.outcome is None:
            self.failed(name, reason, message)

    def forget(self, name: str) -> None:
        """Take note that a request is gone, of which nothing more is wanted."""
        self.known.pop(name, None)

    def add(self, page: Page, prefixes: Iterable[str]) -> None:
        """Take in the next page. A key that is not listed any more keeps its place by its request."""
        granted = tuple(prefixes)
        rows = [checked(row, granted) for row in page.rows]
        if self.batch.spec.source.prefix:
            rows = self._with_unlisted(rows, page)
        self.reached, self.exhausted = page.end, page.last
        if not rows:
            return
        items = [self._item(row) for row in rows]
        self.parts.append(Part(self.first + len(self.parts), items, page.end))

    def cut(self) -> None:
        """Let the first part end before its first recording without an outcome, if nothing runs any more.

        Where a namespace may have fewer requests than a part has rows, it would wait for room that it takes itself.
        """
        if self.running() or not self.parts:
            return
        part = self.parts[0]
        done = next((number for number, item in enumerate(part.items) if item.outcome is None), 0)
        if not done:
            return
        last = part.items[done - 1].row
        end = last.end or Position(after_key=_key(last))
        first = Part(part.number, part.items[:done], end.model_copy(update={"etag": part.end.etag}))
        part.items = part.items[done:]
        for later in self.parts:
            later.number += 1
        self.parts.insert(0, first)

    def settle(self, status: BatchStatus) -> None:
        """Let go of the parts that the status says are written; the last one of a batch that stops is all of them."""
        written = status.checkpoint.parts
        if status.stop_reason and written > self.first:
            self.parts.clear()
            self.flushed = None
        while self.parts and self.parts[0].number < written:
            self.parts.pop(0)
        self.first = written

    def _item(self, row: Row) -> Item:
        name = name_of(self.batch, row)
        if row.reason:
            return Item(row, name, of_failure(row, row.reason, row.message))
        known = self.known.get(name)
        return Item(row, name, known.outcome if known else None)

    def _with_unlisted(self, rows: list[Row], page: Page) -> list[Row]:
        listed = {row.uri for row in page.rows}
        begin, end = self.reached.after_key, page.end.after_key
        unlisted = [
            known.row
            for known in self.known.values()
            if known.row.uri not in listed
            and (begin is None or _key(known.row) > begin)
            and (page.last or (end is not None and _key(known.row) <= end))
        ]
        return sorted([*rows, *unlisted], key=_key) if unlisted else rows

    def _came_to_an_end(self, name: str, outcome: BatchLine) -> None:
        self.known[name].outcome = outcome
        for item in self._items():
            if item.name == name:
                item.outcome = item.outcome or outcome

    # ---- what is asked

    def _items(self) -> Iterator[Item]:
        return (item for part in self.parts for item in part.items)

    def running(self) -> int:
        """Return how many requests have not finished."""
        return sum(known.outcome is None for known in self.known.values())

    def waiting(self) -> list[Item]:
        """Return the rows that have no request yet, in order."""
        return [item for item in self._items() if item.outcome is None and item.name not in self.known]

    def unfinished(self) -> tuple[str, ...]:
        """Return the names of the requests that have not finished and are there."""
        return tuple(name for name, known in self.known.items() if known.outcome is None and known.made is not None)

    def leftovers(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return the names of the requests whose outcomes are in the results."""
        at_work = {item.name for item in self._items()}
        done = self.exhausted and not self.parts
        return tuple(
            name
            for name, known in self.known.items()
            if known.made is not None and name not in at_work and (done or is_before(known.row, checkpoint.position))
        )

    def outcomes(self, checkpoint: Checkpoint) -> list[BatchLine]:
        """Return every outcome that is not in the results, in order; of requests that are in no part, too."""
        named = {item.name for item in self._items()}
        found = [item.outcome for item in self._items() if item.outcome is not None]
        others = [
            known
            for name, known in self.known.items()
            if name not in named and known.outcome is not None and not is_before(known.row, checkpoint.position)
        ]
        others.sort(key=lambda known: (known.row.line or 0, _key(known.row)))
        return [*found, *(known.outcome for known in others if known.outcome is not None)]

    def behind_all(self) -> Position:
        """Return the position behind everything that is at work."""
        rows = [*(item.row for item in self._items()), *(known.row for known in self.known.values())]
        if self.batch.spec.source.prefix:
            return Position(after_key=max((_key(row) for row in rows), default=self.reached.after_key))
        line = max((row.line or 0 for row in rows), default=self.reached.line)
        return self.reached.model_copy(update={"line": line})

    def failed_lines(self, before: Iterable[FailedLine], checkpoint: Checkpoint) -> list[FailedLine]:
        """Return the first lines that name nothing to analyse: those in the results, and those at work."""
        recorded = checkpoint.position.line or 0
        found = [entry for entry in before if entry.line <= recorded]
        for item in self._items():
            if item.row.reason and item.row.line and item.row.line > recorded:
                found.append(FailedLine(line=item.row.line, reason=item.row.reason))
            if len(found) >= MOST_FAILED_LINES:
                break
        return found[:MOST_FAILED_LINES]


def is_before(row: Row, position: Position) -> bool:
    """Return whether a row's outcome is in the results, by the position at which they end."""
    if row.line is not None:
        return position.line is not None and row.line <= position.line
    return position.after_key is not None and _key(row) <= position.after_key


def added(counts: BatchCounts, lines: Iterable[BatchLine]) -> BatchCounts:
    """Return the counts with these outcomes."""
    verdicts = {
        Verdict.LIKELY_FAKE: counts.likely_fake,
        Verdict.SUSPICIOUS: counts.suspicious,
        Verdict.NO_EVIDENCE: counts.no_evidence,
        Verdict.INCONCLUSIVE: counts.inconclusive,
    }
    reasons = {entry.reason: entry.count for entry in counts.reasons}
    failed = counts.failed
    for line in lines:
        if line.verdict is not None:
            verdicts[line.verdict] += 1
            continue
        failed += 1
        known = line.reason in reasons or len(reasons) < MOST_REASONS
        reason = line.reason[:63] if known and line.reason else _OTHERS
        reasons[reason] = reasons.get(reason, 0) + 1
    return BatchCounts(
        likely_fake=verdicts[Verdict.LIKELY_FAKE],
        suspicious=verdicts[Verdict.SUSPICIOUS],
        no_evidence=verdicts[Verdict.NO_EVIDENCE],
        inconclusive=verdicts[Verdict.INCONCLUSIVE],
        failed=failed,
        reasons=[FailureCount(reason=reason, count=count) for reason, count in reasons.items()],
    )


def _key(row: Row) -> str:
    return split_uri(row.uri or "")[1]
