"""Recordings that follow each other in one file: chained Ogg (RFC 3533, 4), as web radios and some recorders write it.

FFmpeg follows such a chain only as long as codec, rate and channels stay the same, and then drops the rest without a
word. So each part is opened for itself.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError

_MAGIC = b"OggS"
_HEAD = 27
_BEGINS = 0x02
"""In a page's flags: a track begins with it. All tracks of a part begin before anything else in it."""

_MOST_PARTS = 500

_SEARCHED = 64 * 1024
"""Looked through at a time for the next page, where something else stands between two."""


class Part(NamedTuple):
    """Where a part lies in its file."""

    start: int
    end: int


def parts_of(recording: Path) -> list[Part]:
    """Return the parts of a recording; nearly all have one.

    Raises:
        AnalysisError: UnsupportedMedia: there are so many that they are no recordings.
    """
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            return [Part(0, size)]
        starts, at, in_body = [0], 0, False
        while at < size:
            file.seek(at)
            head = file.read(_HEAD + 255)
            if head[: len(_MAGIC)] != _MAGIC or len(head) < _HEAD:
                at = _next_page(file, at + 1, size)
                continue
            begins = bool(head[5] & _BEGINS)
            if begins and in_body:
                starts.append(at)
            in_body = not begins
            at += _HEAD + head[26] + sum(head[_HEAD : _HEAD + head[26]])
    if len(starts) > _MOST_PARTS:
        message = f"The file has {len(starts)} parts that follow each other; at most {_MOST_PARTS} are analysed."
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
    return [Part(*pair) for pair in zip(starts, [*starts[1:], size], strict=True)]


def _next_page(file: io.BufferedIOBase, at: int, size: int) -> int:
    while at < size:
        file.seek(at)
        found = file.read(_SEARCHED).find(_MAGIC)
        if found >= 0:
            return at + found
        at += _SEARCHED - len(_MAGIC)
    return size


class PartFile(io.RawIOBase):
    """One part of a file, read as if it were all of it.

    Args:
        recording: the file.
        part: of it.
    """

    def __init__(self, recording: Path, part: Part) -> None:
        super().__init__()
        self.name = str(recording)
        self._part = part
        self._at = 0
        self._file = recording.open("rb", buffering=0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read into ``buffer`` what it holds, or what is left."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        left = max(self._part.end - self._part.start - self._at, 0)
        self._file.seek(self._part.start + self._at)
        count = self._file.readinto(view[: min(len(view), left)]) or 0
        self._at += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from the start, from here, or from the end of the part; return the place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.end - self._part.start}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
