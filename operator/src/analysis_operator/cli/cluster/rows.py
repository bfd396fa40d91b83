"""What `list` shows: which requests, in which order, as which rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from analysis_operator.cli.table import age
from analysis_operator.errors import Reason

Raw = Mapping[str, Any]
"""A request as the API server returns it; another version's is shown as far as it is understood."""

STATES = ("waiting", "running", "finished", "failed")
"""What `--state` takes besides a reason."""

_RUNNING = frozenset({Reason.RUNNING, Reason.RETRYING, Reason.REPORTING})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Sort(StrEnum):
    """The order of a list."""

    AGE = "age"
    SCORE = "score"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Row:
    """One request."""

    raw: Raw
    namespace: str
    name: str
    created: datetime | None
    reason: str
    state: str
    verdict: str
    score: int | None
    progress: int
    source: str
    finished: datetime | None

    @property
    def waits(self) -> bool:
        """Whether it has not ended and nothing of it runs."""
        return self.state == "waiting"


def row_of(raw: Raw) -> Row:
    """Return the row of a request."""
    meta, status = raw["metadata"], raw.get("status") or {}
    conditions = {entry["type"]: entry for entry in status.get("conditions") or ()}
    reason = str(conditions.get("Succeeded", {}).get("reason", "")) or str(Reason.PENDING)
    ended = conditions.get("Finished", {}).get("status") == "True"
    verdict = str(status.get("verdict") or "")
    return Row(
        raw=raw,
        namespace=str(meta.get("namespace", "")),
        name=str(meta["name"]),
        created=_time(meta.get("creationTimestamp")),
        reason=reason,
        state=_state(reason, verdict, ended=ended),
        verdict=verdict,
        score=status.get("score"),
        progress=int(status.get("progress") or 0),
        source=str((raw.get("spec") or {}).get("source", {}).get("uri", "")),
        finished=_time(status.get("finishedAt")),
    )


def _state(reason: str, verdict: str, *, ended: bool) -> str:
    if ended:
        return "finished" if verdict else "failed"
    return "running" if reason in _RUNNING else "waiting"


def chosen(rows: Iterable[Row], *, verdict: str = "", state: str = "", sort: Sort = Sort.AGE) -> list[Row]:
    """Return the rows with this verdict, and in this state or with this reason: newest, strongest or A first."""
    kept = [
        row
        for row in rows
        if (not verdict or row.verdict.lower() == verdict.lower())
        and (not state or state.lower() in {row.state, row.reason.lower()})
    ]
    kept.sort(key=lambda row: (row.namespace, row.name))
    if sort is Sort.AGE:
        kept.sort(key=lambda row: row.created or _LONG_AGO, reverse=True)
    elif sort is Sort.SCORE:
        kept.sort(key=lambda row: -1 if row.score is None else row.score, reverse=True)
    return kept


HEAD = ("NAME", "VERDICT", "SCORE", "STATUS", "PROGRESS", "AGE")


def cells(rows: Sequence[Row], now: datetime, *, namespaces: bool = False, wide: bool = False) -> list[list[str]]:
    """Return the cells of a table, its head first."""
    table = [[*(["NAMESPACE"] if namespaces else []), *HEAD, *(["SOURCE"] if wide else [])]]
    for row in rows:
        line = [
            *([row.namespace] if namespaces else []),
            row.name,
            row.verdict or "-",
            "-" if row.score is None else str(row.score),
            row.reason,
            f"{row.progress} %",
            age(row.created, now) if row.created else "-",
            *([row.source] if wide else []),
        ]
        table.append(line)
    return table


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
