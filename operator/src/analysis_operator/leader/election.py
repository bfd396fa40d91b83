"""Decide which of several operators leads, from the Lease as it was read and this process's own clock. Pure.

The rules are those of client-go's leader election. The process that holds the Lease renews it; every other one waits
until it has not changed for its whole duration. Each process counts that from when it saw the change, so their clocks
may differ. A holder that cannot renew stops before the wait of the others is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What to do next."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    WAIT = "wait"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Terms:
    """The times of an election, in seconds.

    Args:
        duration: how long the others wait for a holder that does not renew.
        deadline: after how long without a renewal a holder stops by itself.
        renew_every: the pause between renewals.
        look_every: the pause between reads of a process that stands by.
    """

    duration: int = 10
    deadline: float = 6.0
    renew_every: float = 2.0
    look_every: float = 1.0

    def __post_init__(self) -> None:
        if not self.look_every <= self.renew_every < self.deadline < self.duration:
            raise ValueError(f"the terms of a Lease must grow: look ≤ renew < deadline < duration, not {self}")


@dataclass(frozen=True, slots=True)
class Lease:
    """The Lease as read. ``holder`` is empty once it was given back; ``term`` is when the holder took it."""

    holder: str
    term: str
    seconds: int
    version: str
    transitions: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What this process knows, in monotonic seconds.

    ``lease`` is None if there is none. ``since``: when this version of it was first seen. ``term``: the one that this
    process holds, empty if it holds none. ``renewed``: when its last write that succeeded was sent.
    """

    lease: Lease | None
    since: float
    term: str = ""
    renewed: float = 0.0


def decide(standing: Standing, identity: str, now: float, terms: Terms) -> Step:
    """Decide the next step of the process with this identity at `now`, in monotonic seconds.

    A Lease with this identity that this process did not take was a predecessor's in the same pod, which has ended.
    """
    lease = standing.lease
    if standing.term:
        if now - standing.renewed >= terms.deadline:
            return Step.LOST
        if lease is None or (lease.holder, lease.term) != (identity, standing.term):
            return Step.LOST
        return Step.RENEW
    if lease is None or lease.holder in {"", identity}:
        return Step.ACQUIRE
    return Step.ACQUIRE if now - standing.since >= lease.seconds else Step.WAIT
