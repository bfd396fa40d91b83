"""Decide which analysis is next: fair between namespaces first, then by priority and age within one. No I/O."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

_SPARE = 64

type MostRunning = Callable[[str], int | None]
"""How many analyses of a namespace may run at a time; None: any number."""


def _any_number(_: str) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class QueuedAnalysis:
    """One analysis that waits for a slot.

    `key` is the request's UID. `order` is of arrival, for those of one age: the API counts age in whole seconds.
    """

    key: str
    namespace: str
    priority: int
    since: datetime
    order: int = 0


class FairQueue:
    """The queued analyses of one analyzer.

    The namespace with the fewest running analyses goes next, and of equals the one that was served least recently:
    with one slot they take turns. A priority orders the analyses of one namespace, so that no one gets ahead of
    others by setting it. A namespace that runs as many as it may is passed over. Adding, removing and taking cost
    O(log n) in the number waiting, plus O(namespaces) for taking.

    Args:
        most_running: what each namespace may run at a time.
    """

    def __init__(self, most_running: MostRunning = _any_number) -> None:
        self._most_running = most_running
        self._by_namespace: Counter[str] = Counter()
        self._waiting: dict[str, QueuedAnalysis] = {}
        self._heaps: dict[str, list[tuple[int, datetime, int, str]]] = {}
        self._pushed = 0
        self._served: dict[str, int] = {}
        self._takes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: str) -> bool:
        return key in self._waiting

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._waiting))

    def add(self, item: QueuedAnalysis) -> None:
        """Add an item, or change the priority of one that waits."""
        if self._waiting.get(item.key) == item:
            return
        self._forget(item.key)
        self._waiting[item.key] = item
        self._by_namespace[item.namespace] += 1
        heapq.heappush(self._heaps.setdefault(item.namespace, []), _rank(item))
        self._pushed += 1
        if self._pushed > 2 * len(self._waiting) + _SPARE:
            self._rebuild()

    def give_back(self, item: QueuedAnalysis) -> None:
        """Add an item again that was taken and could not start: it is still its namespace's turn."""
        self._served.pop(item.namespace, None)
        self.add(item)

    def discard(self, key: str) -> None:
        """Remove an item, if it is there."""
        self._forget(key)

    def startable(self, running: Mapping[str, int]) -> int:
        """Return how many could run if there were slots enough: more slots help no namespace beyond its limit."""
        return sum(
            min(waiting, self._room(namespace, running.get(namespace, 0), waiting))
            for namespace, waiting in self._by_namespace.items()
        )

    def take(self, running: Mapping[str, int]) -> QueuedAnalysis | None:
        """Take the next item, or None. `running` counts what runs now, by namespace."""
        heads = []
        for namespace in list(self._heaps):
            head = self._head(namespace)
            if head is None:
                del self._heaps[namespace]
            elif self._room(namespace, running.get(namespace, 0), 1):
                rank = _rank(head)
                heads.append(((running.get(namespace, 0), self._served.get(namespace, 0), rank), head))
        if not heads:
            return None
        chosen = min(heads, key=lambda entry: entry[0])[1]
        self._forget(chosen.key)
        self._takes += 1
        self._served[chosen.namespace] = self._takes
        return chosen

    def _forget(self, key: str) -> None:
        item = self._waiting.pop(key, None)
        if item is not None:
            self._by_namespace[item.namespace] -= 1
            if not self._by_namespace[item.namespace]:
                del self._by_namespace[item.namespace]

    def _room(self, namespace: str, running: int, wanted: int) -> int:
        most = self._most_running(namespace)
        return wanted if most is None else max(0, most - running)

    def _rebuild(self) -> None:
        """Drop what was removed but lies too deep in its heap to be met: of a pool without slots nothing is taken."""
        self._heaps = {}
        for item in self._waiting.values():
            self._heaps.setdefault(item.namespace, []).append(_rank(item))
        for heap in self._heaps.values():
            heapq.heapify(heap)
        self._pushed = len(self._waiting)

    def _head(self, namespace: str) -> QueuedAnalysis | None:
        heap = self._heaps[namespace]
        while heap:
            item = self._waiting.get(heap[0][-1])
            if item is not None and item.namespace == namespace and _rank(item) == heap[0]:
                return item
            heapq.heappop(heap)  # removed, or added again with another priority
        return None


def _rank(item: QueuedAnalysis) -> tuple[int, datetime, int, str]:
    return (-item.priority, item.since, item.order, item.key)
