"""Every subscription: those of the installation, and those that namespaces make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from analysis_operator.api import AnalysisSubscription, ConditionType, EventType
from analysis_operator.notifications.ports import Subscription, of_namespace

RETIRED = "SinkRetired"
"""The reason of a sink that answered 410. The status remembers it until the spec changes."""


class Subscriptions:
    """All subscriptions, by key. No I/O."""

    def __init__(self, installed: Iterable[Subscription]) -> None:
        self._all = {each.key: each for each in installed}
        self._resources: dict[str, AnalysisSubscription] = {}

    def known(self) -> Set[str]:
        """Return the UIDs of all AnalysisSubscriptions."""
        return self._resources.keys()

    def resources(self) -> list[AnalysisSubscription]:
        """Return all AnalysisSubscriptions."""
        return list(self._resources.values())

    def get(self, key: str) -> Subscription | None:
        """Return one, or None."""
        return self._all.get(key)

    def takers(self, kind: EventType, namespace: str) -> Iterator[str]:
        """Yield the keys of those that take such an event."""
        return (key for key, each in self._all.items() if each.takes(kind, namespace))

    def observe(self, resource: AnalysisSubscription) -> bool:
        """Take in an AnalysisSubscription, unless a newer one is known; return whether it says something new."""
        uid, before = resource.metadata.uid, self._resources.get(resource.metadata.uid)
        if before is not None and _version(resource) <= _version(before):
            return False
        self._resources[uid] = resource
        told = self._all.get(uid)
        self._all[uid] = of_namespace(resource)
        return told != self._all[uid]

    def remove(self, uid: str) -> None:
        """Forget one that was deleted."""
        self._resources.pop(uid, None)
        self._all.pop(uid, None)

    def is_retired(self, key: str) -> bool:
        """Return whether the status says that the sink, as the spec names it, takes no more events."""
        if (resource := self._resources.get(key)) is None:
            return False
        ready = resource.status.condition(ConditionType.READY)
        generation = resource.metadata.generation
        return ready is not None and ready.reason == RETIRED and ready.observed_generation == generation


def _version(resource: AnalysisSubscription) -> int:
    return int(resource.metadata.resource_version or 0)
