"""Which of several operators works: decided from the Lease as it was read and this process's own clock. Pure.

The rules are those of client-go's leader election. Whoever holds the Lease renews it; whoever does not waits until it
has not changed for its whole duration. Each process counts that from when it saw the change, so clocks that differ harm
nobody. A holder that could not renew stops before the others' wait is over.
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
    """Seconds: how long a holder is believed, and after how long without a renewal it stops by itself."""

    duration: int = 10
    deadline: float = 6.0
    renew_every: float = 2.0
    look_every: float = 1.0

    def __post_init__(self) -> None:
        if not self.look_every <= self.renew_every < self.deadline < self.duration:
            raise ValueError(f"the terms of a Lease must grow: look ≤ renew < deadline < duration, not {self}")


@dataclass(frozen=True, slots=True)
class Lease:
    """The Lease as read. ``holder`` is empty once it was given back; ``term`` names one time of holding it."""

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
    """Say what this process, by the name ``identity``, is to do at the time ``now``.

    A Lease in the own name that this process did not take was a predecessor's in the same pod, which is certainly gone.
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
