"""Reads records, for the status API and the command line."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, tuple_
from sqlalchemy.engine import Row as DatabaseRow

from analysis_records.address import Address
from analysis_records.database import make_engine, transaction
from analysis_records.record import Cursor, Page, Record, Transition
from analysis_records.tables import analyses, transitions


class Reader:
    """Reads what the operator wrote.

    Args:
        address: of the database.
        connections: how many may be open at once; a call waits for a free one.

    Every method raises DatabaseUnavailable, and SchemaOutdated where the tables are not there yet.
    """

    def __init__(self, address: Address, connections: int = 5) -> None:
        self._engine = make_engine(address, connections)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def get(self, namespace: str, uid: str) -> Record | None:
        """Return one record, or None if this namespace has none of this UID. `uid` must be a UUID."""
        query = select(analyses).where(analyses.c.uid == uid, analyses.c.namespace == namespace)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(query)).one_or_none()
        return _record(row) if row is not None else None

    async def revision(self, namespace: str, uid: str) -> int | None:
        """Return one record's revision alone, or None: enough to answer that nothing has changed."""
        query = select(analyses.c.revision).where(analyses.c.uid == uid, analyses.c.namespace == namespace)
        async with transaction(self._engine) as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def revisions(self, uids: Collection[str]) -> dict[str, int]:
        """Return the revisions of many records by UID, whatever their namespace; unknown UIDs are left out."""
        query = select(analyses.c.uid, analyses.c.revision).where(analyses.c.uid.in_(uids))
        async with transaction(self._engine) as connection:
            return {row.uid: row.revision for row in await connection.execute(query)}

    async def many(self, uids: Collection[str]) -> dict[str, Record]:
        """Return many records by UID, whatever their namespace: the caller checks it."""
        query = select(analyses).where(analyses.c.uid.in_(uids))
        async with transaction(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return {record.uid: record for record in map(_record, rows)}

    async def list(self, namespace: str, after: Cursor | None, limit: int) -> Page:
        """Return up to `limit` records of a namespace, newest first, beginning after `after`."""
        query = select(analyses).where(analyses.c.namespace == namespace)
        if after is not None:
            query = query.where(tuple_(analyses.c.created_at, analyses.c.uid) < (after.created_at, after.uid))
        ordered = query.order_by(analyses.c.created_at.desc(), analyses.c.uid.desc()).limit(limit + 1)
        async with transaction(self._engine) as connection:
            rows = (await connection.execute(ordered)).all()
        records = tuple(_record(row) for row in rows[:limit])
        last = records[-1] if len(rows) > limit else None
        return Page(records, Cursor(last.created_at, last.uid) if last else None)

    async def unfinished(self, namespace: str, uids: Collection[str]) -> tuple[int, set[str]]:
        """Return how many of a namespace wait or run, and which of these UIDs have a record at all."""
        waiting = select(func.count()).where(
            analyses.c.namespace == namespace, analyses.c.finished_at.is_(None), analyses.c.deleted_at.is_(None)
        )
        known = select(analyses.c.uid).where(analyses.c.uid.in_(uids))
        async with transaction(self._engine) as connection:
            recorded = set((await connection.execute(known)).scalars()) if uids else set()
            return (await connection.execute(waiting)).scalar_one(), recorded

    async def history(self, namespace: str, uid: str) -> tuple[Transition, ...]:
        """Return how one record's reason and verdict changed, oldest first."""
        query = (
            select(transitions.c.at, transitions.c.reason, transitions.c.verdict, transitions.c.score)
            .join(analyses, analyses.c.uid == transitions.c.uid)
            .where(transitions.c.uid == uid, analyses.c.namespace == namespace)
            .order_by(transitions.c.resource_version)
        )
        async with transaction(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Transition(**row._mapping) for row in rows)  # noqa: SLF001 - as below


def _record(row: DatabaseRow[tuple[object, ...]]) -> Record:
    return Record(**row._mapping)  # noqa: SLF001 - the documented way to a row's names
