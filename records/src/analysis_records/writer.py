"""Writes states of AnalysisRequests. Every call may be repeated, in any order: the newest state stands at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, column, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Uuid

from analysis_records.address import Address
from analysis_records.database import make_engine, transaction
from analysis_records.record import Row
from analysis_records.tables import analyses
from analysis_records.upsert import HISTORY, UPSERT, encoded

_UIDS, _TIMES = Uuid(as_uuid=False), DateTime(timezone=True)
_GONE = (
    func.unnest(bindparam("uids", type_=ARRAY(_UIDS)), bindparam("times", type_=ARRAY(_TIMES)))
    .table_valued(column("uid", _UIDS), column("at", _TIMES), name="gone")
    .render_derived()
)
_MARK_DELETED = (
    update(analyses)
    .where(analyses.c.uid == _GONE.c.uid, analyses.c.deleted_at.is_(None))
    .values(deleted_at=_GONE.c.at, revision=analyses.c.revision + 1, updated_at=func.now())
)
_LIVE = select(analyses.c.uid, analyses.c.resource_version).where(analyses.c.deleted_at.is_(None))


class Writer:
    """Writes through one connection. Two writers may work at the same time.

    Args:
        address: of the database.

    Every method raises DatabaseUnavailable, SchemaOutdated, and RowRefused.
    """

    def __init__(self, address: Address) -> None:
        self._engine = make_engine(address, connections=1)

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()

    async def upsert(self, batch: Iterable[Row]) -> int:
        """Write states, all or none, and return how many were newer than the rows before.

        A state older than the row's, and one that would change the end of a finished row, changes nothing.
        """
        newest: dict[str, Row] = {}
        for row in batch:
            if row.uid not in newest or newest[row.uid].resource_version < row.resource_version:
                newest[row.uid] = row
        if not newest:
            return 0
        async with transaction(self._engine) as connection:
            result = await connection.execute(UPSERT, {"batch": encoded(newest.values())})
            accepted: list[str] = [written.uid for written in result]
            times = [newest[uid].changed_at for uid in accepted]
            await connection.execute(HISTORY, {"uids": accepted, "times": times})
            return len(accepted)

    async def mark_deleted(self, gone: Mapping[str, datetime]) -> None:
        """Mark rows as deleted since these times, by UID. Unknown UIDs, and rows marked before, are left alone."""
        if gone:
            uids = sorted(gone)
            async with transaction(self._engine) as connection:
                await connection.execute(_MARK_DELETED, {"uids": uids, "times": [gone[uid] for uid in uids]})

    async def forget(self, deleted_before: datetime) -> int:
        """Delete the rows of requests that were deleted before a time, with their history; return how many."""
        gone = delete(analyses).where(analyses.c.deleted_at < deleted_before)
        async with transaction(self._engine) as connection:
            return (await connection.execute(gone)).rowcount

    async def erase(self, namespace: str, uid: str) -> None:
        """Delete one row of a namespace with its history, if it is there."""
        erased = delete(analyses).where(analyses.c.uid == uid, analyses.c.namespace == namespace)
        async with transaction(self._engine) as connection:
            await connection.execute(erased)

    async def live(self) -> dict[str, int]:
        """Return the resource version of every row that is not marked as deleted, by UID."""
        async with transaction(self._engine) as connection:
            return {row.uid: row.resource_version for row in await connection.execute(_LIVE)}
