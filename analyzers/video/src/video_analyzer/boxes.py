"""The boxes of an MP4 or MOV file (ISO/IEC 14496-12), read without trusting any size in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEAD, _LARGE = struct.Struct(">I4s"), struct.Struct(">Q")
_ELST_HEAD = 8
_MOST_BOXES = 2000
_MOST_BYTES = 1 << 20
"""Read of one box's content; edit lists and times are much smaller."""

_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Marks the ``uuid`` box that holds a C2PA manifest store (C2PA 2.1, A.5)."""

_GENERATED = b"trainedAlgorithmicMedia"
"""The IPTC digital source type of what a trained algorithm made; ``compositeWith…`` contains it too."""

_MAC_TO_UNIX = 2_082_844_800
"""Seconds from 1904, which MP4 counts from, to 1970."""


@dataclass(frozen=True)
class Boxes:
    """The facts that the boxes state.

    Attributes:
        c2pa: whether there is a C2PA manifest.
        generated: whether that manifest names a trained algorithm as the source.
        edits: for each track with an edit list, its entries that show something: (start in track units, duration).
        created: Unix seconds by ``mvhd``; 0 if not set.
        modified: the same of the last change.
    """

    c2pa: bool = False
    generated: bool = False
    edits: tuple[tuple[tuple[int, int], ...], ...] = ()
    created: int = 0
    modified: int = 0


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def read_boxes(recording: Path) -> Boxes:
    """Return the boxes of ``recording``; none for a file that is not MP4 or MOV, or where they end midway."""
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        budget = [_MOST_BOXES]
        top = list(_children(file, 0, size, budget))
        if not top or top[0].kind not in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}:
            return Boxes()
        stores = [box for box in top if _is_c2pa(file, box)]
        movie = next((box for box in top if box.kind == b"moov"), None)
        inner = list(_children(file, movie.start, movie.end, budget)) if movie else []
        header = next((_content(file, box) for box in inner if box.kind == b"mvhd"), b"")
        created, modified = _times(header)
        tracks = [_edits(file, box, budget) for box in inner if box.kind == b"trak"]
        return Boxes(
            c2pa=bool(stores),
            generated=any(_GENERATED in _content(file, box) for box in stores),
            edits=tuple(edits for edits in tracks if edits),
            created=created,
            modified=modified,
        )


def _children(file: BinaryIO, start: int, end: int, budget: list[int]) -> Iterator[_Box]:
    """Yield the boxes between two offsets; stop at the first size that makes no sense."""
    at = start
    while at + _HEAD.size <= end and budget[0] > 0:
        budget[0] -= 1
        file.seek(at)
        size, kind = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\0"))
        head = _HEAD.size
        if size == 1:
            head += _LARGE.size
            (size,) = _LARGE.unpack(file.read(_LARGE.size).ljust(_LARGE.size, b"\0"))
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield _Box(kind, at + head, at + size)
        at += size


def _content(file: BinaryIO, box: _Box) -> bytes:
    file.seek(box.start)
    return file.read(min(box.end - box.start, _MOST_BYTES))


def _is_c2pa(file: BinaryIO, box: _Box) -> bool:
    if box.kind == b"uuid":
        file.seek(box.start)
        return file.read(len(_C2PA_UUID)) == _C2PA_UUID
    return box.kind == b"jumb" and b"c2pa" in _content(file, box)[:1024]


def _times(header: bytes) -> tuple[int, int]:
    layout = struct.Struct(">QQ") if header[:1] == b"\1" else struct.Struct(">II")
    if len(header) < 4 + layout.size:
        return 0, 0
    created, modified = layout.unpack_from(header, 4)
    return max(created - _MAC_TO_UNIX, 0), max(modified - _MAC_TO_UNIX, 0)


def _edits(file: BinaryIO, track: _Box, budget: list[int]) -> tuple[tuple[int, int], ...]:
    for box in _children(file, track.start, track.end, budget):
        if box.kind != b"edts":
            continue
        for inner in _children(file, box.start, box.end, budget):
            if inner.kind == b"elst":
                return _entries(_content(file, inner))
    return ()


def _entries(content: bytes) -> tuple[tuple[int, int], ...]:
    """Return entries of an edit list that show something: an empty one (media time -1) only delays the track."""
    if len(content) < _ELST_HEAD:
        return ()
    layout = struct.Struct(">Qqi") if content[0] == 1 else struct.Struct(">Iii")
    (count,) = struct.unpack_from(">I", content, 4)
    room = (len(content) - _ELST_HEAD) // layout.size
    entries = (layout.unpack_from(content, _ELST_HEAD + index * layout.size) for index in range(min(count, room)))
    return tuple((start, duration) for duration, start, _ in entries if start >= 0)
