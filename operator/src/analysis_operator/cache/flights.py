"""Which request has a question answered right now, so that equal ones wait for its answer. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from analysis_operator.cache.entry import Question

_GROUNDED_SECONDS = 600.0
_MOST_GROUNDED = 10_000


@dataclass(slots=True)
class _Flight:
    uid: str
    name: str
    priority: int
    waiting: set[str] = field(default_factory=set)


class Flights:
    """The questions that are being answered, and who waits for each answer.

    After an answer that is of no use for others, a failure above all, no one waits for an answer to this question for
    ten minutes: everyone asks by himself. To try one after the other would take hours while S3 fails.

    Args:
        seconds: a monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._flights: dict[Question, _Flight] = {}
        self._of: dict[str, set[Question]] = {}
        self._grounded: dict[Question, float] = {}

    def ahead(self, questions: Iterable[Question], uid: str, priority: int) -> str | None:
        """Return the name of the request for whose answer to one of these this one waits; None: for none.

        A more urgent request does not wait for one that others may pass, and one that is waited for waits for none.
        """
        flights = [flight for question in questions if (flight := self._flights.get(question)) is not None]
        if any(flight.uid == uid for flight in flights):
            return None
        for flight in flights:
            if flight.priority >= priority:
                flight.waiting.add(uid)
                return flight.name
        return None

    def claim(self, question: Question, uid: str, name: str, priority: int) -> None:
        """Let others with this question wait for this request, unless they already wait for another one."""
        if self._grounded.get(question, 0.0) > self._seconds():
            return
        if question not in self._flights:
            self._flights[question] = _Flight(uid, name, priority)
            self._of.setdefault(uid, set()).add(question)

    def release(self, question: Question, uid: str, *, ground: bool = False) -> set[str]:
        """End what :meth:`claim` began, if this request holds it, and return those that waited.

        ``ground``: let no request wait for the next answer.
        """
        flight = self._flights.get(question)
        if flight is None or flight.uid != uid:
            return set()
        del self._flights[question]
        self._of[uid].discard(question)
        if not self._of[uid]:
            del self._of[uid]
        if ground:
            self._ground(question)
        return flight.waiting

    def release_all(self, uid: str) -> set[str]:
        """End every claim of a request, and return those that waited."""
        return {waiting for question in tuple(self._of.get(uid, ())) for waiting in self.release(question, uid)}

    def _ground(self, question: Question) -> None:
        now = self._seconds()
        if len(self._grounded) >= _MOST_GROUNDED:
            self._grounded = {known: until for known, until in self._grounded.items() if until > now}
        if len(self._grounded) < _MOST_GROUNDED:
            self._grounded[question] = now + _GROUNDED_SECONDS
