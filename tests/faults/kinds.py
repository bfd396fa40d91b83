"""Faults: where they strike, and what goes wrong there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Place(StrEnum):
    """Where a fault strikes."""

    WRITE = "status write"
    EVENT = "watch event"
    HEAD = "S3 HEAD"
    GET = "S3 GET"
    STATEMENT = "SQL statement"
    COMMIT = "SQL commit"
    ANSWER = "Step Functions call"


class Kind(StrEnum):
    """What goes wrong there."""

    REFUSED = "connection refused"
    ANSWER_LOST = "answer lost"
    PLAIN_404 = "404 of a proxy"
    STATUS_404 = "404 of the API"
    CONFLICT = "409"
    INVALID = "422"
    THROTTLED = "429"
    FAILED = "500"
    FULL = "error 53100, disk full"
    TIMED_OUT = "400 TaskTimedOut"
    HTML = "200 with HTML"
    FOREIGN = "200 with another object"
    SLOW = "3 s late"
    HANGS = "20 s late"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    SUSPENDED = "suspended 3 s"
    HOUR_AHEAD = "clock +1 h"
    DAYS_AHEAD = "clock +8 d"
    DAY_BEHIND = "clock -1 d"
    DROPPED = "dropped"
    DOUBLED = "doubled"
    REORDERED = "after its successor"
    CUT = "connection cut"
    GONE = "ERROR 410"
    ERROR = "ERROR 500"
    GARBAGE = "no JSON"


KILLS = (Kind.KILLED_BEFORE, Kind.KILLED_AFTER)
CLOCKS = {Kind.HOUR_AHEAD: 3600, Kind.DAYS_AHEAD: 8 * 86_400, Kind.DAY_BEHIND: -86_400}
"""By how many seconds the operator's clock is set, until the request has ended."""


@dataclass(slots=True)
class Fault:
    """One fault at the `nth` call or event at a place that concerns the request of this name.

    ``act`` does what only the owner of the operator's process can: kill or suspend it, or set its clock.
    """

    name: str
    place: Place
    kind: Kind
    nth: int
    act: Callable[[Kind], None] = lambda _: None
    met: int = 0
    fired: bool = False
    held: bytes = field(default=b"", repr=False)

    def strikes(self) -> bool:
        """Count a call or event, and return whether it is the one."""
        self.met += 1
        if self.met != self.nth:
            return False
        self.fired = True
        return True
