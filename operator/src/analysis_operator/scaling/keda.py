"""KEDA's part of the pools: their ScaledObjects, and whether KEDA does what they say.

KEDA may be missing, down, or come later, so nothing here is watched: a watch of a kind that is not there only fails.
One list every few seconds tells as much.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from analysis_operator.analyzers.manifests import ANALYZER_LABEL
from analysis_operator.api import Analyzer
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Rejected
from analysis_operator.kube.client import KubeApi
from analysis_operator.scaling import scaled_object
from analysis_operator.scaling.scaled_object import KedaFacts

log = structlog.get_logger(__name__)

Raw = dict[str, Any]

_LOOK_SECONDS = 5.0
_STUCK_SECONDS = 30.0
"""KEDA takes its finalizer off within a second or two; one that is down would keep the object for ever."""


@dataclass(slots=True)
class _Known:
    """One ScaledObject as last listed, and since when it is known (monotonic seconds)."""

    raw: Raw
    since: float


class KedaController:
    """The ScaledObjects of one namespace.

    Args:
        api: the API server.
        namespace: the operator's own.
        scaler_address: where KEDA reaches the operator's scaler, as ``host:port``.
        asked: seconds since KEDA last asked about a pool, or None.
        clock: the time in UTC.
    """

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        scaler_address: str,
        asked: Callable[[str], float | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._collection = f"apis/{scaled_object.API_VERSION}/namespaces/{namespace}/scaledobjects"
        self._address = scaler_address
        self._asked = asked
        self._clock = clock
        self._began = time.monotonic()
        self._known: dict[str, _Known] = {}
        self._applied: dict[str, tuple[str, int]] = {}
        self._rejected: dict[str, str] = {}
        self._owed: set[str] = set()
        self._installed = True
        self.changed: Callable[[str], None] = lambda _: None
        """Called with a pool's name when its ScaledObject, or what KEDA says of it, is another than before."""

    def facts(self, name: str) -> KedaFacts:
        """Give what is known about one pool's scaling."""
        if not self._installed:
            return KedaFacts(installed=False)
        if name in self._rejected:
            return KedaFacts(ready="False", message=self._rejected[name])
        known, now = self._known.get(name), time.monotonic()
        could = now - max(self._began, known.since if known else now)
        asked = self._asked(name)
        silent = could if asked is None else min(could, asked)
        return scaled_object.read(known.raw, silent) if known else KedaFacts(silent_seconds=silent)

    async def apply(self, analyzer: Analyzer) -> None:
        """Make the ScaledObject of a pool what it should be; none for a pool of fixed size. Raises ApiUnavailable."""
        name = analyzer.metadata.name
        if analyzer.spec.replicas is not None:
            self.forget(name)
            await self._delete(name)
            return
        try:
            applied = await self._api.apply(scaled_object.scaled_object(analyzer, self._address))
        except Gone:
            self._owed.add(name)
            self._missing()
            return
        except Rejected as error:  # by KEDA's webhook, most likely
            self._rejected[name] = str(error)
            raise
        self._installed = True
        self._rejected.pop(name, None)
        self._owed.discard(name)
        self._applied[name] = _mark(applied)
        self._known[name] = _Known(applied, self._since(name, applied))

    def forget(self, name: str) -> None:
        """Take note that an Analyzer is no more."""
        self._applied.pop(name, None)
        self._rejected.pop(name, None)
        self._owed.discard(name)

    async def run(self) -> None:
        """Compare with what is there, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except (ApiUnavailable, Conflict) as error:
                log.info("ScaledObjects not listed, will be tried again", error=str(error))

    async def look(self) -> None:
        """List the ScaledObjects once, and tell of every pool for which something is new."""
        applied = dict(self._applied)
        try:
            listed = [raw async for raw in self._api.list(self._collection, labels=ANALYZER_LABEL)]
        except Gone:
            self._missing()
            return
        before, self._installed = self._known, True
        found = {str(raw["metadata"]["name"]): raw for raw in listed}
        self._known = {name: _Known(raw, self._since(name, raw)) for name, raw in found.items()}
        for name in {*before, *found, *self._applied, *self._owed}:
            old, new = before.get(name), self._known.get(name)
            if applied.get(name) != self._applied.get(name):
                # What was applied while the list was made is newer than the list.
                if old is not None:
                    self._known[name] = old
                continue
            if (
                name in self._owed
                or old is None
                or new is None
                or _told(old.raw) != _told(new.raw)
                or not self.is_as_applied(name)
            ):
                self.changed(name)
        for raw in listed:
            await self._release(raw)

    def is_as_applied(self, name: str) -> bool:
        """Say whether nothing is to be done: what is there is what we applied, or it cannot be mended now."""
        if name in self._owed:
            return not self._installed
        known = self._known.get(name)
        if known is not None and known.raw["metadata"].get("deletionTimestamp"):
            return True  # until it is gone
        return (_mark(known.raw) if known else None) == self._applied.get(name)

    def _since(self, name: str, raw: Raw) -> float:
        old = self._known.get(name)
        same = old is not None and old.raw["metadata"]["uid"] == raw["metadata"]["uid"]
        return old.since if old is not None and same else time.monotonic()

    def _missing(self) -> None:
        if self._installed:
            log.warning("KEDA is not installed: the pools keep the pods that they have")
        self._installed = False
        names = {*self._known, *self._applied}
        self._owed |= self._applied.keys()
        self._known, self._applied = {}, {}
        for name in names:
            self.changed(name)

    async def _delete(self, name: str) -> None:
        if name not in self._known:
            return
        try:
            await self._api.call("DELETE", f"{self._collection}/{name}")
        except Gone:
            return

    async def _release(self, raw: Raw) -> None:
        """Take KEDA's finalizer off an object that waits too long for KEDA to do it, so that nothing stays behind."""
        meta = raw["metadata"]
        asked_for = meta.get("deletionTimestamp")
        if not asked_for or scaled_object.FINALIZER not in meta.get("finalizers", ()):
            return
        if (self._clock() - datetime.fromisoformat(asked_for)).total_seconds() < _STUCK_SECONDS:
            return
        log.warning("KEDA left its finalizer on a deleted ScaledObject: taken off", scaled_object=meta["name"])
        kept = [found for found in meta["finalizers"] if found != scaled_object.FINALIZER]
        body = {"metadata": {"finalizers": kept, "resourceVersion": meta["resourceVersion"]}}
        path = f"{self._collection}/{meta['name']}"
        try:
            await self._api.call("PATCH", path, body=body, content_type="application/merge-patch+json")
        except Gone:
            return


def _mark(raw: Raw) -> tuple[str, int]:
    meta = raw["metadata"]
    return str(meta["uid"]), int(meta["generation"])


def _told(raw: Raw) -> tuple[object, ...]:
    found = scaled_object.read(raw, 0.0)
    return (*_mark(raw), found)
