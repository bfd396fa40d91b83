"""What the plan of a batch returns: actions as values, the status to write, and when to plan again."""

from __future__ import annotations

from dataclasses import dataclass

from analysis_operator.api import BatchStatus, Position
from analysis_operator.batches.lines import BatchLine
from analysis_operator.batches.rows import Row
from analysis_operator.requests.actions import Notify


@dataclass(frozen=True, slots=True)
class Load:
    """Read which requests there are: an operator that starts does not know, nor one whose calls got no answer."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read the page that begins here."""

    start: Position


@dataclass(frozen=True, slots=True)
class Count:
    """Count the rows that follow a position."""

    start: Position


@dataclass(frozen=True, slots=True)
class Make:
    """Make the request of each of these. One that is there already is adopted."""

    items: tuple[tuple[str, Row], ...]


@dataclass(frozen=True, slots=True)
class WritePart:
    """Write a part of the results. Twice is the same as once."""

    number: int
    lines: tuple[BatchLine, ...]


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete these requests, by name. ``unfinished``: one that finished meanwhile stays, for its outcome."""

    names: tuple[str, ...]
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Expire:
    """Delete the batch."""


Action = Load | Read | Count | Make | WritePart | Remove | Expire | Notify


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. ``requeue_after`` is in seconds; ``urgent``: the status is more than progress."""

    status: BatchStatus
    actions: tuple[Action, ...] = ()
    requeue_after: float | None = None
    urgent: bool = False


__all__ = ["Action", "Count", "Expire", "Load", "Make", "Notify", "Plan", "Read", "Remove", "WritePart"]
