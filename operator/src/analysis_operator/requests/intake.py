"""Which requests are worked on now: however many one namespace makes, they fit into memory, and others are not held up.

A request that is not worked on yet is left aside with little more than its spec, and is read again when it is its turn.
"""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import UTC, datetime

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.requests.deadline import deadline

MOST = 4000
"""Unfinished requests at hand, of all namespaces."""
OWN = 100
"""A namespace always gets so many, however many of others are at hand."""

_NOTHING_YET = RequestStatus()
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

type _Place = tuple[int, datetime, str]


class Intake:
    """The unfinished requests that are at hand, and those left aside. No I/O.

    Args:
        most: how many may be at hand.
        own: how many of one namespace may be, whatever others have.
    """

    def __init__(self, most: int = MOST, own: int = OWN) -> None:
        self._most, self._own = most, own
        self._at_hand: dict[str, str] = {}
        self._count: Counter[str] = Counter()
        self._aside: dict[str, AnalysisRequest] = {}
        self._places: dict[str, list[_Place]] = {}
        self._parked: set[str] = set()
        self._deadlines: list[tuple[datetime, str]] = []

    def takes(self, request: AnalysisRequest) -> bool:
        """Return whether a request is worked on now; if not, it is left aside."""
        meta = request.metadata
        before = self._aside.get(meta.uid)
        if before is not None and _version(before) >= _version(request):
            return False
        ends = request.status.finished or request.spec.cancel or meta.deletion_timestamp is not None
        if meta.uid in self._at_hand or ends or self._has_room(meta.namespace):
            self.take(request)
            return True
        self._put_aside(request)
        if before is None or meta.uid in self._parked or _place(before) != _place(request):
            heapq.heappush(self._places.setdefault(meta.namespace, []), _place(request))
        self._parked.discard(meta.uid)
        return False

    def take(self, request: AnalysisRequest) -> None:
        """Have a request at hand."""
        meta = request.metadata
        self._aside.pop(meta.uid, None)
        self._parked.discard(meta.uid)
        if meta.uid not in self._at_hand and not request.status.finished:
            self._at_hand[meta.uid] = meta.namespace
            self._count[meta.namespace] += 1

    def park(self, request: AnalysisRequest) -> None:
        """Leave a request aside for which nothing is to be done until somebody changes it: its place is for others."""
        self.done(request.metadata.uid)
        self._put_aside(request)
        self._parked.add(request.metadata.uid)

    def done(self, uid: str) -> None:
        """Make room: a request has finished, or is gone."""
        self._aside.pop(uid, None)
        self._parked.discard(uid)
        namespace = self._at_hand.pop(uid, None)
        if namespace is not None:
            self._count[namespace] -= 1
            if not self._count[namespace]:
                del self._count[namespace]

    def following(self) -> AnalysisRequest | None:
        """Return the request that is to be taken next, of the namespace that has fewest at hand; None without room."""
        for namespace in sorted(self._places, key=lambda name: self._count[name]):
            if not self._has_room(namespace):
                continue
            if (first := self._first(namespace)) is not None:
                return first
        return None

    def overdue(self, now: datetime) -> AnalysisRequest | None:
        """Return a request that was left aside and whose deadline is over, whether or not there is room; or None."""
        while self._deadlines and self._deadlines[0][0] <= now:
            if (request := self._aside.get(self._deadlines[0][1])) is not None:
                return request
            heapq.heappop(self._deadlines)
        return None

    def aside(self, uid: str) -> AnalysisRequest | None:
        """Return a request that was left aside, without its status; None if this one was not."""
        return self._aside.get(uid)

    def versions(self) -> dict[str, str]:
        """Return the resource versions of those left aside, by UID."""
        return {uid: request.metadata.resource_version for uid, request in self._aside.items()}

    def _put_aside(self, request: AnalysisRequest) -> None:
        uid, known = request.metadata.uid, request.metadata.uid in self._aside
        self._aside[uid] = request.model_copy(update={"status": _NOTHING_YET})
        if not known and (at := deadline(request)) is not None:
            heapq.heappush(self._deadlines, (at, uid))

    def _has_room(self, namespace: str) -> bool:
        return len(self._at_hand) < self._most or self._count[namespace] < self._own

    def _first(self, namespace: str) -> AnalysisRequest | None:
        places = self._places[namespace]
        while places:
            uid = places[0][-1]
            request = self._aside.get(uid)
            if request is not None and uid not in self._parked and _place(request) == places[0]:
                return request
            heapq.heappop(places)  # taken, parked, gone, or edited since
        del self._places[namespace]
        return None


def _place(request: AnalysisRequest) -> _Place:
    meta = request.metadata
    return (-request.spec.priority, meta.creation_timestamp or _LONG_AGO, meta.uid)


def _version(request: AnalysisRequest) -> int:
    return int(request.metadata.resource_version or 0)
