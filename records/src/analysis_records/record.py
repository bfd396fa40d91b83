"""The values that are written and read. Nothing here knows of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How one AnalysisRequest stands. Times are in UTC.

    ``spec`` and ``status`` are those of the resource, in the API's own camelCase. ``spec`` holds no task token.
    ``resource_version`` orders the states of one UID.
    """

    uid: str
    namespace: str
    name: str
    source_uri: str
    priority: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    reason: str
    verdict: str | None
    score: int | None
    progress: int
    report_uri: str | None
    spec: Mapping[str, Any]
    status: Mapping[str, Any]
    resource_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(State):
    """A state to be written. ``changed_at`` is when it began, as far as is known."""

    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(State):
    """A state as the database holds it.

    ``revision`` grows by one with each real change, so it serves as an ETag. ``deleted_at`` is set when the resource
    has been deleted; the record, with its verdict, stays.
    """

    revision: int
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of reason or verdict."""

    at: datetime
    reason: str
    verdict: str | None
    score: int | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last record of a page: the next page begins after it."""

    created_at: datetime
    uid: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a namespace, newest first. ``next`` is None on the last page."""

    records: tuple[Record, ...]
    next: Cursor | None
