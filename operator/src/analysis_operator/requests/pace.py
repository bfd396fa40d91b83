"""Decide when writes that can wait are made, so that together they stay below a rate. Pure: the time is an argument.

The generic cell rate algorithm (ITU-T I.371, annex A): one number, the time at which the next write would be on time.
"""

from __future__ import annotations


class Pace:
    """Hands out times for writes: `burst` of them at once after a rest, and `rate` a second in the long run."""

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1 / rate
        self._tolerance = (burst - 1) / rate
        self._scheduled = 0.0

    def reserve(self, now: float) -> float:
        """Return when the next write may be made, in the same seconds as `now`; each call takes one turn."""
        at = max(now, self._scheduled - self._tolerance)
        self._scheduled = max(self._scheduled, now) + self._interval
        return at
