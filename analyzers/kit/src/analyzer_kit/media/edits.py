"""Edit lists of MP4 and QuickTime files: which stretches of a track are shown, and when (ISO 14496-12, 8.6.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_HEAD = struct.Struct(">I4s")
_MOST_BOXES, _MOST_EDITS = 1000, 10_000
_MOST_BYTES = 16 * 1024 * 1024
"""Of an index that is read: two hours of picture and sound have 3 MB."""

_EXTENDED = 1
_VERSIONS = {0: struct.Struct(">Ii4x"), 1: struct.Struct(">Qq4x")}
"""Duration and media time of one entry; the rate is passed over."""


def edits_by_track(recording: Path) -> list[int]:
    """Return how many stretches of media each track is put together from, in the order of the tracks; 0 without a list.

    Entries that only wait, as for a track that begins later, are not counted. A damaged index gives an empty list.
    """
    with recording.open("rb") as file:
        index = _top_level(file, recording.stat().st_size)
    return [_media_edits(body) for name, body in _boxes(index) if name == b"trak"]


def _top_level(file: BinaryIO, size: int) -> bytes:
    """Return the body of ``moov``, or nothing."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < _HEAD.size:
            return b""
        length, name = _HEAD.unpack_from(head)
        start = _HEAD.size
        if length == _EXTENDED and len(head) == 16:  # noqa: PLR2004 - with a length of 64 bits
            length, start = int.from_bytes(head[8:]), 16
        length = length or size - at
        if length < start:
            return b""
        if name == b"moov":
            file.seek(at + start)
            return file.read(length - start) if length <= _MOST_BYTES else b""
        at += length
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEAD.size <= len(data):
        length, name = _HEAD.unpack_from(data, at)
        if length < _HEAD.size:
            return
        yield name, data[at + _HEAD.size : at + length]
        at += length


def _media_edits(track: bytes) -> int:
    for name, body in _boxes(track):
        if name == b"edts":
            return sum(_count(inner) for kind, inner in _boxes(body) if kind == b"elst")
    return 0


def _count(body: bytes) -> int:
    """Return entries of an edit list that show media: an empty one has -1 for its media time."""
    entry = _VERSIONS.get(body[0]) if len(body) >= 8 else None  # noqa: PLR2004 - version, flags, count
    if entry is None:
        return 0
    stated = min(int.from_bytes(body[4:8]), _MOST_EDITS, (len(body) - 8) // entry.size)
    return sum(entry.unpack_from(body, 8 + at * entry.size)[1] >= 0 for at in range(stated))
