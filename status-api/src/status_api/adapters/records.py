"""The tenants' analyses as PostgreSQL knows them; the cluster creates them, and is asked for one that is brand new."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from analysis_records.errors import RecordsError
from analysis_records.reader import Reader
from analysis_records.record import Cursor, Record
from status_api.adapters.together import Together
from status_api.errors import Unavailable
from status_api.manifests import entry_of
from status_api.naming import Key
from status_api.ports import Entry, Position
from status_api.wire import NewAnalysis

_MOST_KEPT = 10_000


class Requests(Protocol):
    """Creates and reads single requests in the cluster."""

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Give one."""

    async def create(self, tenant: str, name: str, wanted: NewAnalysis) -> Entry:
        """Create one, or give the one that has this name already."""


@dataclass(frozen=True, slots=True)
class _Kept:
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
        self._revisions = Together(reader.revisions)
        self._records = Together(reader.many)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def ready(self) -> bool:
        """Whether the database answers."""
        try:
            await self._reader.revision("", "00000000-0000-0000-0000-000000000000")
        except RecordsError:
            return False
        return True

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Give one. Its revision is asked each time, and the rest of it when that is another one."""
        try:
            revision = await self._revisions.get(key.uid)
            known = self._kept.get(key.uid)
            if revision is None:
                kept = None
            elif known is not None and known.revision == revision:
                self._kept.move_to_end(key.uid)
                kept = known
            else:
                record = await self._records.get(key.uid)
                kept = self._keep(record) if record is not None else None
        except RecordsError as error:
            raise Unavailable(str(error)) from error
        if kept is None:  # created a moment ago, perhaps
            return await self._requests.get(tenant, key)
        return kept.entry if (kept.tenant, kept.entry.analysis.id) == (tenant, key.id) else None

    async def page(self, tenant: str, after: Position | None, limit: int) -> list[Entry]:
        """Give a stretch, newest first."""
        cursor = None if after is None else Cursor(after.created_at, after.uid)
        try:
            found = await self._reader.list(tenant, cursor, limit)
        except RecordsError as error:
            raise Unavailable(str(error)) from error
        return [self._keep(record).entry for record in found.records]

    async def create(self, tenant: str, name: str, wanted: NewAnalysis) -> Entry:
        """Create one in the cluster; the operator writes its record."""
        return await self._requests.create(tenant, name, wanted)

    def _keep(self, record: Record) -> _Kept:
        known = self._kept.get(record.uid)
        if known is not None and known.revision == record.revision:
            return known
        meta = {"name": record.name, "uid": record.uid, "creationTimestamp": record.created_at}
        entry = entry_of({"metadata": meta, "spec": record.spec, "status": record.status})
        kept = _Kept(record.namespace, record.revision, entry)
        self._kept[record.uid] = kept
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return kept
