"""Requests with nothing left to do but to be deleted: a few hundred bytes each, since a week of them must fit."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ClosedRequest:
    """What is kept of a request that is closed: which version of which object, and when it may be deleted."""

    uid: str
    namespace: str
    name: str
    version: int
    generation: int
    expires_at: datetime
    unsent: bool = False
    """Whether a subscriber does not have the event about its end yet."""


class ClosedRequests:
    """All of them, by UID, and in the order in which they expire."""

    def __init__(self) -> None:
        self._known: dict[str, ClosedRequest] = {}
        self._by_expiry: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, uid: str) -> bool:
        return uid in self._known

    def get(self, uid: str) -> ClosedRequest | None:
        """Return one, or None."""
        return self._known.get(uid)

    def versions(self) -> Mapping[str, int]:
        """Return the version of each, by UID."""
        return {uid: known.version for uid, known in self._known.items()}

    def add(self, request: ClosedRequest) -> None:
        """Add one, or replace an older version of it."""
        before = self._known.get(request.uid)
        if before is not None and before.version >= request.version:
            return
        self._known[request.uid] = request
        if before is None or before.expires_at != request.expires_at:
            self.try_again(request.uid, request.expires_at)

    def remove(self, uid: str) -> bool:
        """Forget one; return whether it was there."""
        return self._known.pop(uid, None) is not None

    def try_again(self, uid: str, at: datetime) -> None:
        """Return this one from :meth:`expired` once more, from this time on."""
        heapq.heappush(self._by_expiry, (at, uid))

    def expired(self, now: datetime) -> list[ClosedRequest]:
        """Take those whose time is over, the oldest first, each once."""
        due: dict[str, ClosedRequest] = {}
        while self._by_expiry and self._by_expiry[0][0] <= now:
            _, uid = heapq.heappop(self._by_expiry)
            if (known := self._known.get(uid)) is not None:
                due[uid] = known
        return list(due.values())
