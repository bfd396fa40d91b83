"""What a source names, row by row. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from analysis_operator.api import Position
from analysis_operator.errors import Reason
from guardian_service.s3 import MOST_CHARACTERS, OBJECT_PATTERN, is_granted, is_plain

PAGE = 250
"""Rows that are read at a time. They become one part of the results."""
_MOST_VERSION = 1024
_MOST_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One recording that a source names, or a line that names none: then ``reason`` says why."""

    uri: str | None
    version_id: str | None = None
    line: int | None = None
    reason: str = ""
    message: str = ""
    end: Position | None = None
    """Of a line: the position after it, without the ETag."""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows that follow a position, and the position after them. ``last``: there are no others."""

    rows: tuple[Row, ...]
    end: Position
    last: bool


def checked(row: Row, prefixes: Iterable[str]) -> Row:
    """Return the row, with a reason if what it names cannot be, or may not be, analysed for the namespace."""
    if row.reason or row.uri is None:
        return row
    if problem := _malformed(row.uri, row.version_id):
        return replace(row, uri=None, version_id=None, reason=Reason.MALFORMED_LINE, message=problem)
    if not is_plain(row.uri):
        return replace(
            row,
            uri=None,
            reason=Reason.SOURCE_FORBIDDEN,
            message="The key has . or .. between slashes, or a character that hides something.",
        )
    if not is_granted(row.uri, prefixes):
        return replace(
            row, reason=Reason.SOURCE_FORBIDDEN, message="The namespace is not granted this object: operator.grants."
        )
    return row


def _malformed(uri: str, version_id: str | None) -> str:
    try:
        key_bytes = len(uri.partition("://")[2].partition("/")[2].encode())
    except UnicodeEncodeError:
        return "The name is not text: it has half of a character."
    if len(uri) > MOST_CHARACTERS or key_bytes > _MOST_KEY_BYTES or len(version_id or "") > _MOST_VERSION:
        return "The name is longer than one in S3 can be."
    if not re.match(OBJECT_PATTERN, uri, re.DOTALL):
        return "This is no object as s3://BUCKET/KEY."
    return ""
