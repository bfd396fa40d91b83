"""The cells of the matrix: what a request goes through, and where which fault can strike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.kinds import CLOCKS, KILLS, Kind, Place

_OF_CALLS = (
    Kind.REFUSED, Kind.ANSWER_LOST, Kind.PLAIN_404, Kind.STATUS_404, Kind.CONFLICT, Kind.INVALID, Kind.THROTTLED,
    Kind.FAILED, Kind.HTML, Kind.FOREIGN, Kind.SLOW, Kind.HANGS, *KILLS, Kind.SUSPENDED, *CLOCKS,
)  # fmt: skip
_OF_S3 = (
    Kind.REFUSED, Kind.ANSWER_LOST, Kind.THROTTLED, Kind.FAILED, Kind.HTML, Kind.SLOW, Kind.HANGS,
)  # fmt: skip
KINDS: dict[Place, tuple[Kind, ...]] = {
    Place.WRITE: _OF_CALLS,
    Place.EVENT: (
        Kind.DROPPED, Kind.DOUBLED, Kind.REORDERED, Kind.CUT, Kind.GONE, Kind.ERROR, Kind.GARBAGE,
    ),
    Place.HEAD: _OF_S3,
    Place.GET: (*_OF_S3, Kind.CUT),
    Place.STATEMENT: (Kind.REFUSED, Kind.ANSWER_LOST, Kind.FULL, Kind.SLOW, Kind.HANGS, *KILLS, Kind.SUSPENDED),
    Place.COMMIT: (Kind.REFUSED, Kind.ANSWER_LOST, Kind.SLOW, Kind.HANGS, *KILLS),
    Place.ANSWER: (
        Kind.REFUSED, Kind.ANSWER_LOST, Kind.THROTTLED, Kind.FAILED, Kind.TIMED_OUT, Kind.HTML, Kind.SLOW, Kind.HANGS,
        *KILLS, Kind.SUSPENDED, *CLOCKS,
    ),
}  # fmt: skip

_SQL = {Place.STATEMENT, Place.COMMIT}
_ALONE = {*KILLS, Kind.SUSPENDED, *CLOCKS}
_ENDING = {Kind.GONE, Kind.ERROR, Kind.GARBAGE, Kind.CUT}
"""Of an event: they end the watch of all requests."""


@dataclass(frozen=True)
class Scenario:
    """What a request goes through without a fault, and how it must end with one.

    Args:
        name: for people.
        script: what the scripted analyzer does.
        reason: of the condition Succeeded at the end; None: the request is deleted.
        verdict: at the end.
        attempts: that the status counts at the end.
        then: what its owner does once it runs: cancel or delete it.
        called_back: whether a task waits for it.
    """

    name: str
    script: dict[str, Any]
    reason: str | None
    verdict: str | None = None
    attempts: int = 1
    then: str = ""
    called_back: bool = False


SCENARIOS = (
    Scenario("at once", {}, "Completed", "NoEvidence"),
    Scenario("with progress", {"seconds": 3}, "Completed", "NoEvidence"),
    Scenario("retried", {"seconds": 0.5, "crash": "sigkill", "once": True}, "Completed", "NoEvidence", attempts=2),
    Scenario("refused", {"seconds": 0.5, "fail": "CorruptMedia"}, "CorruptMedia", called_back=True),
    Scenario("cancelled", {"seconds": 600}, "Cancelled", attempts=0, then="cancel"),
    Scenario("deleted", {"seconds": 600}, None, then="delete", called_back=True),
    Scenario("called back", {}, "Completed", "NoEvidence", called_back=True),
)


@dataclass(frozen=True)
class Cell:
    """One scenario with one fault, or (None) without any."""

    scenario: Scenario
    place: Place | None = None
    kind: Kind | None = None
    nth: int = 1

    @property
    def alone(self) -> bool:
        """Whether it strikes every request at that time, and so is tried alone."""
        return self.kind in _ALONE or (self.place is Place.EVENT and self.kind in _ENDING)

    @property
    def queues(self) -> bool:
        """Whether it is tried beside those of its kind alone: the operator has one connection to its database."""
        return self.place in _SQL and not self.alone

    def __str__(self) -> str:
        fault = f"{self.kind} at {self.place} {self.nth}" if self.kind else "no fault"
        return f"{self.scenario.name}: {fault}"


def rows() -> Iterator[Cell]:
    """Yield the first cell of every row: the same fault at the second, third … call follows while there is one."""
    for scenario in SCENARIOS:
        for place, kinds in KINDS.items():
            if place is Place.ANSWER and not scenario.called_back:
                continue
            for kind in kinds:
                yield Cell(scenario, place, kind)
