"""The two statements that write a batch of states, and then what changed with them.

The batch is one JSON array, so the statement is the same for every batch: it is compiled once, and PostgreSQL takes
the array apart.

What changed is a statement of its own, by the history and not by the row before: the first statement may have waited
for another writer, whose commit it does not see, and the row is locked once it is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import DateTime, Text, Uuid

from analysis_records.record import Row
from analysis_records.tables import analyses, transitions

_OWN = {"revision", "updated_at", "deleted_at"}
"""Columns that the statement itself fills."""
_WRITTEN = [written.name for written in analyses.columns if written.name not in _OWN]
_FIELDS = tuple(field.name for field in fields(Row))
_UID, _TIME = Uuid(as_uuid=False), DateTime(timezone=True)
_END = ("finished_at", "verdict", "score")


def encoded(batch: Iterable[Row]) -> str:
    """Return rows as the statement's JSON array, in an order in which two writers cannot wait for each other.

    PostgreSQL has no NUL in text, and half of a surrogate pair is no text: both become another character.
    """
    rows = [{name: getattr(row, name) for name in _FIELDS} for row in sorted(batch, key=lambda row: row.uid)]
    text = json.dumps(rows, ensure_ascii=False, default=_plain)
    if "\\u0000" in text:  # rare, and perhaps only an escaped backslash
        text = json.dumps(_without_nul(rows), ensure_ascii=False, default=_plain)
    return text.encode("utf-8", "replace").decode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case Mapping():
            return {_without_nul(key): _without_nul(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_nul(inner) for inner in value]
    return value


def _statement() -> ReturningInsert[tuple[str]]:
    incoming = _incoming().cte("incoming")
    return _accept(incoming.c)


def _incoming() -> Select[Any]:
    columns = [column(written.name, written.type) for written in analyses.columns if written.name in _WRITTEN]
    records = func.jsonb_to_recordset(cast(bindparam("batch", type_=Text), JSONB))
    return select(
        records.table_valued(
            *columns, column("changed_at", DateTime(timezone=True)), name="incoming_row"
        ).render_derived(with_types=True)
    )


def _accept(incoming: Any) -> ReturningInsert[tuple[str]]:  # noqa: ANN401 - a read-only collection of columns
    values = select(
        *(incoming[name] for name in _WRITTEN), literal(1).label("revision"), func.now().label("updated_at")
    )
    new = insert(analyses).from_select([*_WRITTEN, "revision", "updated_at"], values)
    stored, incoming_state = (tuple_(source.spec, source.status) for source in (analyses.c, new.excluded))
    differs = stored.is_distinct_from(incoming_state)
    changes: dict[str, Any] = {name: new.excluded[name] for name in _WRITTEN if name != "uid"}
    changes["revision"] = analyses.c.revision + case((differs, 1), else_=0)
    changes["updated_at"] = case((differs, new.excluded.updated_at), else_=analyses.c.updated_at)
    ends_alike = and_(*(_same(analyses.c[name], new.excluded[name]) for name in _END))
    return new.on_conflict_do_update(
        index_elements=[analyses.c.uid],
        set_=changes,
        where=and_(
            analyses.c.resource_version < new.excluded.resource_version,
            or_(analyses.c.finished_at.is_(None), ends_alike),
        ),
    ).returning(analyses.c.uid)


def _same(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bool]:
    return left.is_not_distinct_from(right)


def _history() -> Insert:
    accepted = (
        func.unnest(bindparam("uids", type_=ARRAY(_UID)), bindparam("times", type_=ARRAY(_TIME)))
        .table_valued(column("uid", _UID), column("at", _TIME), name="accepted")
        .render_derived()
    )
    last = (
        select(transitions.c.reason, transitions.c.verdict)
        .where(transitions.c.uid == analyses.c.uid)
        .order_by(transitions.c.resource_version.desc())
        .limit(1)
        .lateral("last")
    )
    new = (
        select(
            analyses.c.uid,
            analyses.c.resource_version,
            accepted.c.at,
            analyses.c.reason,
            analyses.c.verdict,
            analyses.c.score,
        )
        .join(accepted, accepted.c.uid == analyses.c.uid)
        .outerjoin(last, true())
        .where(
            or_(
                last.c.reason.is_distinct_from(analyses.c.reason),
                last.c.verdict.is_distinct_from(analyses.c.verdict),
            )
        )
    )
    names = ["uid", "resource_version", "at", "reason", "verdict", "score"]
    return insert(transitions).from_select(names, new).on_conflict_do_nothing()


UPSERT = _statement()
"""Writes states, and returns the UIDs of those that were newer."""
HISTORY = _history()
"""Adds to the history of these UIDs what changed with their states, in the same transaction."""
