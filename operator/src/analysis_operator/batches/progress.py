"""How fast a batch goes, from what was done in the last minutes. Pure: the time is an argument."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=5)
_LEAST = timedelta(seconds=10)
"""Over a shorter time the first few recordings would promise too much, or too little."""
_STEP = timedelta(seconds=1)


class Throughput:
    """Remembers how many were done, and when."""

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, int]] = deque()

    def add(self, now: datetime, done: int) -> None:
        """Take note of how many are done by now."""
        if self._seen and (done < self._seen[-1][1] or now < self._seen[-1][0]):
            self._seen.clear()
        if not self._seen or now - self._seen[-1][0] >= _STEP:
            self._seen.append((now, done))
        while len(self._seen) > 1 and now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()

    def per_minute(self, now: datetime, done: int) -> int | None:
        """Return the rate, or None while it is not known."""
        if not self._seen:
            return None
        since, before = self._seen[0]
        passed = now - since
        return None if passed < _LEAST else round((done - before) * 60 / passed.total_seconds())


def percent(done: int, total: int | None) -> int:
    """Return the part that is done; 100 is left to the end."""
    return min(99, done * 100 // total) if total else 0


def estimated_end(now: datetime, done: int, total: int | None, per_minute: int | None) -> datetime | None:
    """Return when the rest will be done at this rate, to the minute; None while that is not known."""
    if not per_minute or not total:
        return None
    end = now + timedelta(minutes=max(0, total - done) / per_minute)
    return end.replace(second=0, microsecond=0) + timedelta(minutes=1)
