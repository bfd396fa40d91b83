"""Read a manifest: CSV or JSON lines, from bytes as they come. Pure, and in bounded memory whatever the bytes are.

A line that names no recording costs itself only. Line numbers are those of an editor, from 1; blank lines count.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace

from analysis_operator.api import Position
from analysis_operator.batches.rows import Row
from analysis_operator.errors import Reason

MOST_LINE = 64 * 1024
"""Bytes of one line; S3 allows a key 1,024."""
MOST_SKIPPED = 16 * 1024 * 1024
"""A longer line means that this is no list at all."""
_BOM = b"\xef\xbb\xbf"
_FOREIGN = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x1f\x8b", "a gzip file"), (b"PAR1", "Parquet"))


class NoManifest(Exception):
    """The bytes are no manifest at all; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a CSV row has what; ``uri`` and ``key``: one of them, or both."""

    uri: int | None = None
    key: int | None = None
    version_id: int | None = None

    @classmethod
    def of(cls, fields: list[str]) -> Columns | None:
        """Return the columns that a first line names, or None if it names no recording's."""
        names = [field.strip().lower().replace("_", "") for field in fields]
        found = {name: names.index(name) for name in ("uri", "key", "versionid") if name in names}
        if not {"uri", "key"} & found.keys():
            return None
        return cls(found.get("uri"), found.get("key"), found.get("versionid"))


class ManifestReader:
    """Reads rows from a manifest.

    Args:
        uri: of the manifest: its end says the form, and keys are of its bucket.
        line: how many lines are before the first byte that it is given.
        byte: the place of that byte.
        columns: of a CSV file that is not read from its beginning.
    """

    def __init__(self, uri: str, *, line: int = 0, byte: int = 0, columns: Columns | None = None) -> None:
        self._csv = uri.endswith(".csv")
        self._bucket = uri.removeprefix("s3://").partition("/")[0]
        self.line = line
        self.byte = byte
        self.columns = columns
        self._skipped = 0

    def read(self, data: bytes, *, eof: bool, most: int) -> tuple[list[Row], int]:
        """Return at most so many rows, and how many bytes they took; the rest has to come again, with more behind it.

        ``eof``: nothing comes behind these bytes. Raises NoManifest.
        """
        rows: list[Row] = []
        at = 0
        while len(rows) < most and at < len(data):
            if self._skipped:
                at, row = self._skip(data, at, eof=eof)
            else:
                taken = self._record(data, at, eof=eof)
                if taken is None:
                    break
                at, row = taken
            if row is not None:
                rows.append(replace(row, end=Position(byte=self.byte + at, line=self.line)))
        self.byte += at
        return rows, at

    def _skip(self, data: bytes, at: int, *, eof: bool) -> tuple[int, Row | None]:
        """Leave out the rest of a line that is too long. Its row comes with its end: a place behind it is a place."""
        end = data.find(b"\n", at)
        if end < 0 and not eof:
            self._skipped += len(data) - at
            if self._skipped > MOST_SKIPPED:
                raise NoManifest(f"Line {self.line + 1} is longer than {MOST_SKIPPED} bytes.")
            return len(data), None
        self._skipped = 0
        self.line += 1
        return len(data) if end < 0 else end + 1, self._too_long()

    def _record(self, data: bytes, at: int, *, eof: bool) -> tuple[int, Row | None] | None:
        """Return the place behind the next record, and its row; None: its end has not come yet."""
        if self.line == 0 and len(data) - at < len(_BOM) + 1 and not eof:
            return None
        end = data.find(b"\n", at)
        if end < 0 and not eof:
            if len(data) - at <= MOST_LINE:
                return None
            self._skipped = len(data) - at
            return len(data), None
        stop, after = (len(data), len(data)) if end < 0 else (end, end + 1)
        lines = 1
        if self._csv and data.count(b'"', at, stop) % 2:
            closed = _closing(data, at, after, eof=eof)
            if closed is None:
                return None
            if closed != _NEVER:
                stop, after, lines = closed
        raw = data[at:stop].removesuffix(b"\r")
        first = self.line + 1
        self.line += lines
        if len(raw) > MOST_LINE:
            return after, self._too_long()
        return after, self._row(raw, first)

    def _too_long(self) -> Row:
        message = f"The line is longer than {MOST_LINE} bytes."
        return Row(None, line=self.line, reason=Reason.LINE_TOO_LONG, message=message)

    def _row(self, raw: bytes, line: int) -> Row | None:
        if line == 1:
            for start, kind in _FOREIGN:
                if raw.startswith(start):
                    raise NoManifest(f"This is {kind}: write a manifest as plain text in UTF-8.")
            raw = raw.removeprefix(_BOM)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return _malformed(line, "The line is not UTF-8.")
        if not text.strip():
            return None
        return self._csv_row(text, line) if self._csv else self._json_row(text, line)

    def _csv_row(self, text: str, line: int) -> Row | None:
        try:
            fields = next(csv.reader(io.StringIO(text, newline=""), strict=True))
        except (csv.Error, StopIteration) as error:
            return self._unless_first(_malformed(line, f"The line is no CSV: {error}."))
        if self.columns is None:
            self.columns = Columns.of(fields)
            if self.columns is not None:
                return None
            if not fields[0].strip().startswith("s3://"):
                return self._unless_first(_malformed(line, ""))
            self.columns = Columns(uri=0)  # a list without a first line that names columns

        def field(index: int | None) -> str:
            return fields[index].strip() if index is not None and index < len(fields) else ""

        columns = self.columns
        return self._named(field(columns.uri), field(columns.key), field(columns.version_id), line)

    def _unless_first(self, row: Row) -> Row:
        if self.columns is None:
            raise NoManifest("The first line names no column uri or key, and begins with no s3://BUCKET/KEY.")
        return row

    def _json_row(self, text: str, line: int) -> Row:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return _malformed(line, "The line is no JSON.")
        if isinstance(value, str):
            value = {"uri": value}
        if not isinstance(value, dict):
            return _malformed(line, "The line is no JSON object with a field uri or key.")
        uri, key, version_id = (value.get(name) or "" for name in ("uri", "key", "versionId"))
        if not (isinstance(uri, str) and isinstance(key, str) and isinstance(version_id, str)):
            return _malformed(line, "The fields uri, key and versionId are texts.")
        return self._named(uri, key, version_id, line)

    def _named(self, uri: str, key: str, version_id: str, line: int) -> Row:
        if not uri and not key:
            return _malformed(line, "The line names no recording.")
        return Row(uri or f"s3://{self._bucket}/{key}", version_id or None, line)


_NEVER = (-1, -1, -1)


def _closing(data: bytes, at: int, after: int, *, eof: bool) -> tuple[int, int, int] | None:
    """Return the end of a record whose quotation mark is open at the end of its first line, and its number of lines.

    None: the end has not come yet. A mark that is never closed must cost its own line only: then ``_NEVER``.
    """
    lines = 1
    while True:
        end = data.find(b"\n", after)
        if end < 0 and not eof:
            return None if len(data) - at <= MOST_LINE else _NEVER
        stop, beyond = (len(data), len(data)) if end < 0 else (end, end + 1)
        if stop - at > MOST_LINE or after >= len(data):
            return _NEVER
        lines += 1
        if data.count(b'"', after, stop) % 2:
            return stop, beyond, lines
        after = beyond


def _malformed(line: int, message: str) -> Row:
    return Row(None, line=line, reason=Reason.MALFORMED_LINE, message=message)
