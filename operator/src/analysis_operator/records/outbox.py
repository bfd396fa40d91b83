"""The newest state of each request that the database does not have yet: bounded, whatever the database does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from analysis_operator.api import AnalysisRequest

KEEP_DELETED = 10_000
"""The most deleted requests that are kept: nothing else bounds their number. Beyond it the oldest one is dropped."""
KEEP_STATES = 2_000
"""The most states that are kept whole, some 10 kB each. Beyond it the UID is kept, and the request is read again."""


@dataclass(slots=True)
class PendingRecord:
    """What is to be written of one request: its state, its deletion, or both, since the oldest unwritten change.

    One with neither is to be read again: its state did not fit.
    """

    uid: str
    since: datetime
    request: AnalysisRequest | None = None
    seen_at: datetime | None = None
    deleted_at: datetime | None = None


class Outbox:
    """One entry for each request, in the order of their oldest unwritten change. A newer state replaces an older."""

    def __init__(self, keep_deleted: int = KEEP_DELETED, keep_states: int = KEEP_STATES) -> None:
        self._waiting: dict[str, PendingRecord] = {}
        self._taken: list[PendingRecord] = []
        self._deleted = 0
        self._whole = 0
        self._keep_deleted = keep_deleted
        self._keep_states = keep_states

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    def __contains__(self, uid: str) -> bool:
        return uid in self._waiting or any(entry.uid == uid for entry in self._taken)

    def offer(self, request: AnalysisRequest, at: datetime) -> None:
        """Replace what is to be written of a request."""
        entry = self._entry(request.metadata.uid, at)
        if entry.request is None:
            if self._whole >= self._keep_states:
                return
            self._whole += 1
        entry.request, entry.seen_at = request, at

    def deleted(self, uid: str, at: datetime) -> int:
        """Add the deletion of a request. Return how many others had to be dropped for it: none, or one."""
        entry = self._entry(uid, at)
        if entry.deleted_at is None:
            entry.deleted_at = at
            self._deleted += 1
        if self._deleted <= self._keep_deleted:
            return 0
        oldest = next(uid for uid, entry in self._waiting.items() if entry.deleted_at is not None)
        self._remove(oldest)
        return 1

    def forget(self, uid: str) -> None:
        """Leave out what is to be written of a request."""
        if uid in self._waiting:
            self._remove(uid)

    def take(self, limit: int) -> list[PendingRecord]:
        """Take the oldest entries; :meth:`written` or :meth:`give_back` is called before the next ones are taken."""
        self._taken = [self._remove(uid) for uid in list(self._waiting)[:limit]]
        return self._taken

    def written(self) -> None:
        """Forget what was taken."""
        self._taken = []

    def give_back(self) -> None:
        """Put what was taken back in front; a state that came meanwhile is newer and stays."""
        batch, self._taken = self._taken, []
        later, self._waiting = self._waiting, {}
        for entry in [*batch, *later.values()]:
            kept = self._waiting.setdefault(entry.uid, entry)
            if kept is not entry:
                kept.deleted_at = kept.deleted_at or entry.deleted_at
                if entry.request is not None:
                    kept.request, kept.seen_at = entry.request, entry.seen_at
        self._deleted = sum(entry.deleted_at is not None for entry in self._waiting.values())
        self._whole = sum(entry.request is not None for entry in self._waiting.values())

    def lag(self, now: datetime) -> float:
        """Return for how many seconds the oldest entry has been waiting."""
        for oldest in chain(self._taken, self._waiting.values()):
            return (now - oldest.since).total_seconds()
        return 0.0

    def _entry(self, uid: str, at: datetime) -> PendingRecord:
        return self._waiting.setdefault(uid, PendingRecord(uid, since=at))

    def _remove(self, uid: str) -> PendingRecord:
        entry = self._waiting.pop(uid)
        self._deleted -= entry.deleted_at is not None
        self._whole -= entry.request is not None
        return entry
