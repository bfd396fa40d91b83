"""How many requests a tenant may send: the generic cell rate algorithm (ITU-T I.371), one number for each tenant."""

from __future__ import annotations


class RateLimit:
    """Admits `burst` at once, and `per_second` in the long run. Two replicas admit twice as much.

    Args:
        per_second: requests a second, sustained.
        burst: requests at once after a pause.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1 / per_second
        self._tolerance = (burst - 1) * self._interval
        self._due: dict[str, float] = {}

    def wait(self, tenant: str, now: float) -> float:
        """Count one request at `now` (seconds) and return 0; or do not count it and return the seconds to wait."""
        due = max(self._due.get(tenant, now), now)
        early = due - now - self._tolerance
        if early > 0:
            return early
        self._due[tenant] = due + self._interval
        return 0.0
