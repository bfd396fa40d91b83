"""Recordings that follow each other in one file: chained Ogg (RFC 3533, 4), as web radios and some recorders write it,
and WebM of browsers whose recorder was started again.

FFmpeg follows such a chain only as long as codec, rate and channels stay the same; then it drops the rest, or decodes
it as what it is not, without a word. So each part is opened for itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import ebml, ogg

_EBML = b"\x1a\x45\xdf\xa3"
_HEADER, _KINDS = 64, (b"\x42\x82\x84webm", b"\x42\x82\x88matroska")
"""Matroska's header, and the entry in it that says what follows."""

_MOST_PARTS, _LOOKED_AT = 500, 64 * 1024

_SEARCHED = 1024 * 1024
"""Looked through at a time for the next part, or for the next page where something else stands between two."""


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
        head = file.read(_LOOKED_AT)
        if head.startswith(_EBML):
            starts = [0, *_matroska_starts(file, size)]
        elif head.startswith(ogg.MAGIC) or ogg.first_page(head) is not None:
            starts = [0, *_ogg_starts(file, size)]
        else:
            starts = [0]
    if len(starts) > _MOST_PARTS:
        message = f"The file has {len(starts)} parts that follow each other; at most {_MOST_PARTS} are analysed."
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
    return [Part(*pair) for pair in zip(starts, [*starts[1:], size], strict=True)]


def _ogg_starts(file: BinaryIO, size: int) -> Iterator[int]:
    at, in_body = 0, False
    while at < size:
        file.seek(at)
        head = file.read(ogg.HEAD + 255)
        if not head.startswith(ogg.MAGIC) or len(head) < ogg.HEAD:
            at = _find(file, ogg.MAGIC, at + 1, size)
            continue
        begins = bool(head[5] & ogg.BEGINS)
        if begins and in_body:
            yield at
        in_body = not begins
        at += ogg.page_bytes(head)


def _matroska_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where another header lies; after a segment of unknown size it must be searched for."""
    at = 0
    for element in ebml.elements(file, 0, size):
        if at and element.number == int.from_bytes(_EBML):
            yield at
        if element.end is None:
            yield from _headers_after(file, element.start, size)
            return
        at = element.end


def _headers_after(file: BinaryIO, at: int, size: int) -> Iterator[int]:
    while (at := _find(file, _EBML, at, size)) < size:
        file.seek(at)
        header = file.read(_HEADER)
        if any(kind in header for kind in _KINDS):
            yield at
        at += len(_EBML)


def _find(file: BinaryIO, mark: bytes, at: int, size: int) -> int:
    while at < size:
        file.seek(at)
        found = file.read(_SEARCHED).find(mark)
        if found >= 0:
            return at + found
        at += _SEARCHED - len(mark) + 1
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
