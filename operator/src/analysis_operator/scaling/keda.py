"""KEDA's part of the pools: apply their ScaledObjects, and observe whether KEDA acts on them.

KEDA may be missing, down, or installed later, so there is no watch: a watch of a kind that does not exist only fails.
One list every few seconds is enough.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from analysis_operator.api import Analyzer
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Rejected
from analysis_operator.kube.objects import KubeObject
from analysis_operator.scaling.kube_store import KubeScaledObjects
from analysis_operator.scaling.scaled_object import FINALIZER, KedaFacts, build_scaled_object, read_facts
from analysis_operator.signals import Signal

log = structlog.get_logger(__name__)

_COMPARE_SECONDS = 5.0
_STUCK_SECONDS = 30.0
"""KEDA takes its finalizer off within a second or two; a KEDA that is down would keep the object for ever."""


@dataclass(slots=True)
class _ListedObject:
    """One ScaledObject as last listed, and since when it is known (monotonic seconds)."""

    raw: KubeObject
    since: float


class KedaController:
    """The ScaledObjects of one namespace.

    Args:
        store: where they are.
        scaler_address: where KEDA reaches the operator's external scaler, as ``host:port``.
        seconds_since_poll: seconds since KEDA last asked about a pool, or None.
        clock: the time in UTC.
    """

    def __init__(
        self,
        store: KubeScaledObjects,
        scaler_address: str,
        seconds_since_poll: Callable[[str], float | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._address = scaler_address
        self._seconds_since_poll = seconds_since_poll
        self._clock = clock
        self._started_at = time.monotonic()
        self._listed: dict[str, _ListedObject] = {}
        self._applied: dict[str, tuple[str, int]] = {}
        self._rejected: dict[str, str] = {}
        self._unapplied: set[str] = set()
        """Pools whose ScaledObject waits for KEDA to be installed."""
        self._installed = True
        self.changed: Signal[str] = Signal()
        """Sent with a pool's name when its ScaledObject, or what KEDA reports about it, has changed."""

    def facts(self, name: str) -> KedaFacts:
        """Return what is known about the scaling of one pool."""
        if not self._installed:
            return KedaFacts(installed=False)
        if name in self._rejected:
            return KedaFacts(ready="False", message=self._rejected[name])
        listed, now = self._listed.get(name), time.monotonic()
        longest = now - max(self._started_at, listed.since if listed else now)
        polled = self._seconds_since_poll(name)
        silent = longest if polled is None else min(longest, polled)
        return read_facts(listed.raw, silent) if listed else KedaFacts(silent_seconds=silent)

    async def apply(self, analyzer: Analyzer) -> None:
        """Apply the ScaledObject of a pool, or delete it if the pool has a fixed size. Raises ApiUnavailable."""
        name = analyzer.metadata.name
        if analyzer.spec.replicas is not None:
            self.forget(name)
            if name in self._listed:
                await self._store.delete(name)
            return
        try:
            applied = await self._store.apply(build_scaled_object(analyzer, self._address))
        except Gone:
            self._unapplied.add(name)
            self._on_not_installed()
            return
        except Rejected as error:  # by KEDA's webhook, most likely
            self._rejected[name] = str(error)
            raise
        self._installed = True
        self._rejected.pop(name, None)
        self._unapplied.discard(name)
        self._applied[name] = _revision(applied)
        self._listed[name] = _ListedObject(applied, self._known_since(name, applied))

    def forget(self, name: str) -> None:
        """Forget the pool of an Analyzer that was deleted."""
        self._applied.pop(name, None)
        self._rejected.pop(name, None)
        self._unapplied.discard(name)

    async def run(self) -> None:
        """Compare with the API server every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_COMPARE_SECONDS)
            try:
                await self.compare()
            except (ApiUnavailable, Conflict) as error:
                log.info("ScaledObjects not listed, will be tried again", error=str(error))

    async def compare(self) -> None:
        """List the ScaledObjects once, and report every pool for which something has changed."""
        applied = dict(self._applied)
        try:
            objects = await self._store.list()
        except Gone:
            self._on_not_installed()
            return
        before, self._installed = self._listed, True
        by_name = {str(raw["metadata"]["name"]): raw for raw in objects}
        self._listed = {name: _ListedObject(raw, self._known_since(name, raw)) for name, raw in by_name.items()}
        for name in {*before, *by_name, *self._applied, *self._unapplied}:
            if applied.get(name) == self._applied.get(name):
                if self._has_changed(name, before.get(name)):
                    self.changed.send(name)
            elif name in before:  # what was applied while the list was made is newer than the list
                self._listed[name] = before[name]
        await self._remove_stuck_finalizers(objects)

    def is_in_sync(self, name: str) -> bool:
        """Return whether there is nothing to apply: the object is as applied, or cannot be applied now."""
        if name in self._unapplied:
            return not self._installed
        listed = self._listed.get(name)
        if listed is not None and listed.raw["metadata"].get("deletionTimestamp"):
            return True  # until it is gone
        return (_revision(listed.raw) if listed else None) == self._applied.get(name)

    def _has_changed(self, name: str, before: _ListedObject | None) -> bool:
        now = self._listed.get(name)
        if name in self._unapplied or before is None or now is None:
            return True
        return _summary(before.raw) != _summary(now.raw) or not self.is_in_sync(name)

    def _known_since(self, name: str, raw: KubeObject) -> float:
        before = self._listed.get(name)
        if before is not None and before.raw["metadata"]["uid"] == raw["metadata"]["uid"]:
            return before.since
        return time.monotonic()

    def _on_not_installed(self) -> None:
        if self._installed:
            log.warning("KEDA is not installed: the pools keep the pods that they have")
        self._installed = False
        names = {*self._listed, *self._applied}
        self._unapplied |= self._applied.keys()
        self._listed, self._applied = {}, {}
        for name in names:
            self.changed.send(name)

    async def _remove_stuck_finalizers(self, objects: Iterable[KubeObject]) -> None:
        """Take KEDA's finalizer off objects that have waited too long for KEDA to do it, so that they can go."""
        for raw in objects:
            meta = raw["metadata"]
            deleted_at = meta.get("deletionTimestamp")
            if not deleted_at or FINALIZER not in meta.get("finalizers", ()):
                continue
            if (self._clock() - datetime.fromisoformat(deleted_at)).total_seconds() < _STUCK_SECONDS:
                continue
            log.warning("KEDA left its finalizer on a deleted ScaledObject: taken off", scaled_object=meta["name"])
            await self._store.remove_finalizer(raw)


def _revision(raw: KubeObject) -> tuple[str, int]:
    meta = raw["metadata"]
    return str(meta["uid"]), int(meta["generation"])


def _summary(raw: KubeObject) -> tuple[object, ...]:
    return (*_revision(raw), read_facts(raw, 0.0))
