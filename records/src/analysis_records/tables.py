"""The tables, in SQLAlchemy Core. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_TIME = DateTime(timezone=True)

analyses = Table(
    "analyses",
    metadata,
    Column("uid", Uuid(as_uuid=False), primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source_uri", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("started_at", _TIME),
    Column("finished_at", _TIME),
    Column("reason", Text, nullable=False),
    Column("verdict", Text),
    Column("score", SmallInteger),
    Column("progress", SmallInteger, nullable=False),
    Column("report_uri", Text),
    Column("spec", JSONB, nullable=False),
    Column("status", JSONB, nullable=False),
    Column("resource_version", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("deleted_at", _TIME),
)
Index("analyses_by_age", analyses.c.namespace, analyses.c.created_at.desc(), analyses.c.uid.desc())
Index("analyses_live", analyses.c.uid, postgresql_where=analyses.c.deleted_at.is_(None))
Index(
    "analyses_unfinished",
    analyses.c.namespace,
    postgresql_where=analyses.c.finished_at.is_(None) & analyses.c.deleted_at.is_(None),
)

transitions = Table(
    "transitions",
    metadata,
    Column("uid", Uuid(as_uuid=False), ForeignKey("analyses.uid", ondelete="CASCADE"), primary_key=True),
    # The version that brought the change: a replay of it adds no second row.
    Column("resource_version", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("verdict", Text),
    Column("score", SmallInteger),
)
