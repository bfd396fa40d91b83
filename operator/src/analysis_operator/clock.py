"""The time of the operator, compared with the API server's: one of the two may be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog

from analysis_operator import metrics

log = structlog.get_logger(__name__)

MOST_APART = timedelta(minutes=5)
"""While the two clocks are further apart, nothing is done by age that cannot be taken back."""
_AGREED_SECONDS = 60.0
"""For so long every answer must agree before the clock is trusted again: of several API servers one may be wrong."""
_GRANULARITY = timedelta(seconds=1)


def utc_now() -> datetime:
    """Return this machine's time, in UTC."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Return monotonic seconds, which go on while this process, or the whole machine, is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class CheckedClock:
    """The time as decisions use it: this machine's, unless the API server says otherwise.

    The API server's time is kept as what has to be added to the monotonic seconds: a clock that is set in the
    middle of the work is noticed at the next look, not at the next answer.

    Args:
        own: this machine's time, in UTC.
        seconds: monotonic seconds.
    """

    def __init__(self, own: Callable[[], datetime] = utc_now, seconds: Callable[[], float] = elapsed) -> None:
        self._own = own
        self._seconds = seconds
        self._began: tuple[datetime, datetime] | None = None
        self._doubted_until: float | None = None

    def now(self) -> datetime:
        """Return the time, in UTC: the API server's if this machine's is further from it than both can be right.

        What is compared with it, as the creation of a request, is by the API server's clock, too.
        """
        own, difference = self._own(), self.difference()
        return own - difference if abs(difference) > MOST_APART else own

    def sent(self) -> float:
        """Return what :meth:`heard` needs to know of a call that is about to be made."""
        return self._seconds()

    def heard(self, date: str | None, sent: float) -> None:
        """Take the ``Date`` of an answer. It is cut to seconds, and was written at some time after `sent`."""
        try:
            at = parsedate_to_datetime(date or "")
        except ValueError:
            return
        if at.tzinfo is None:
            return
        received = self._seconds()
        self._began = at - timedelta(seconds=received), at + _GRANULARITY - timedelta(seconds=sent)
        self.doubted()

    def difference(self) -> timedelta:
        """Return how far this machine's clock is ahead of the API server's; negative: behind.

        It is the smallest difference that explains the last answer: none if that was perhaps only slow.
        """
        if self._began is None:
            return timedelta(0)
        own, passed = self._own(), timedelta(seconds=self._seconds())
        ahead, most_ahead = (own - passed - began for began in reversed(self._began))
        if ahead > timedelta(0):
            return ahead
        return min(most_ahead, timedelta(0))

    def doubted(self) -> bool:
        """Return whether this clock and the API server's differ too much, or did until a moment ago."""
        difference, seconds = self.difference(), self._seconds()
        if abs(difference) > MOST_APART:
            if self._doubted_until is None:
                log.error(
                    "this clock and the API server's differ: nothing is deleted by its age, no callback is given up",
                    seconds=round(difference.total_seconds()),
                )
            self._doubted_until = seconds + _AGREED_SECONDS
        elif self._doubted_until is not None and seconds >= self._doubted_until:
            log.info("this clock and the API server's agree again")
            self._doubted_until = None
        return self._doubted_until is not None

    def measure(self) -> None:
        """Show the difference in the metrics from now on."""
        metrics.CLOCK_DIFFERENCE.set_function(lambda: self.difference().total_seconds())
