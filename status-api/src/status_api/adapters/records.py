"""The tenants' analyses as PostgreSQL holds them. The cluster creates them, and has those without a record."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from analysis_records.errors import RecordsError
from analysis_records.reader import Reader
from analysis_records.record import Cursor, Record
from status_api.adapters.batch_loader import BatchLoader
from status_api.errors import Unavailable
from status_api.naming import Key
from status_api.ports import Entry, Position
from status_api.resources import entry_of
from status_api.wire import NewAnalysis, State

_CACHE_SIZE = 10_000
_UNRECORDED_SECONDS = 3600.0
"""One that is deleted before it is recorded would be counted for ever."""


class Requests(Protocol):
    """Creates and reads single requests in the cluster."""

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one."""

    async def create(self, tenant: str, name: str, new: NewAnalysis) -> Entry:
        """Create one, or return the one that has this name already."""

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask that one be erased."""


@dataclass(frozen=True, slots=True)
class _CachedEntry:
    tenant: str
    revision: int
    entry: Entry


class RecordedAnalyses:
    """The Analyses port over the database.

    Args:
        reader: reads records.
        requests: the cluster.
    """

    def __init__(self, reader: Reader, requests: Requests) -> None:
        self._reader = reader
        self._requests = requests
        self._revisions = BatchLoader(reader.revisions)
        self._records = BatchLoader(reader.many)
        self._unrecorded: dict[str, dict[str, float]] = {}
        self._cache: OrderedDict[str, _CachedEntry] = OrderedDict()

    async def ready(self) -> bool:
        """Whether the database answers."""
        try:
            await self._reader.revision("", "00000000-0000-0000-0000-000000000000")
        except RecordsError:
            return False
        return True

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one. Its revision is read every time, and the whole record when the revision has changed."""
        try:
            revision = await self._revisions.get(key.uid)
            cached = self._cache.get(key.uid)
            if revision is None:
                current = None
            elif cached is not None and cached.revision == revision:
                self._cache.move_to_end(key.uid)
                current = cached
            else:
                record = await self._records.get(key.uid)
                current = self._cached(record) if record is not None else None
        except RecordsError as error:
            raise Unavailable(str(error)) from error
        if current is None:  # the operator may not have written its record yet
            return await self._requests.get(tenant, key)
        return current.entry if (current.tenant, current.entry.analysis.id) == (tenant, key.id) else None

    async def page(self, tenant: str, after: Position | None, limit: int) -> list[Entry]:
        """Return a part of the list, newest first."""
        cursor = None if after is None else Cursor(after.created_at, after.uid)
        try:
            page = await self._reader.list(tenant, cursor, limit)
        except RecordsError as error:
            raise Unavailable(str(error)) from error
        return [self._cached(record).entry for record in page.records]

    async def unfinished(self, tenant: str) -> int:
        """Return how many wait or run, with those that were made here and have no record yet."""
        made = self._unrecorded.get(tenant, {})
        try:
            count, recorded = await self._reader.unfinished(tenant, made)
        except RecordsError as error:
            raise Unavailable(str(error)) from error
        since = time.monotonic() - _UNRECORDED_SECONDS
        left = {uid: at for uid, at in made.items() if uid not in recorded and at > since}
        self._unrecorded[tenant] = left
        return count + len(left)

    async def create(self, tenant: str, name: str, new: NewAnalysis) -> Entry:
        """Create one in the cluster; the operator writes its record."""
        entry = await self._requests.create(tenant, name, new)
        if entry.analysis.state is not State.FINISHED:
            self._unrecorded.setdefault(tenant, {})[entry.position.uid] = time.monotonic()
        return entry

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask that one be erased, whose request may be gone already."""
        await self._requests.erase(tenant, entry, recording)

    def _cached(self, record: Record) -> _CachedEntry:
        cached = self._cache.get(record.uid)
        if cached is not None and cached.revision == record.revision:
            return cached
        meta = {"name": record.name, "uid": record.uid, "creationTimestamp": record.created_at}
        entry = entry_of({"metadata": meta, "spec": record.spec, "status": record.status})
        cached = _CachedEntry(record.namespace, record.revision, entry)
        self._cache[record.uid] = cached
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return cached
