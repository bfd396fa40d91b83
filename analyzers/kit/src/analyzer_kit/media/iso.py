"""The boxes of ISO files, MP4 and QuickTime (ISO 14496-12, 4.2), read without trusting any size in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct(">I4s")
_EXTENDED, _EXTENDED_HEAD = 1, 16
_MOST_BOXES = 100_000
"""At the top level: a recording in fragments of a second has 15,000 in two hours."""

MOST_BYTES = 16 * 1024 * 1024
"""Of an index that is read: two hours of picture and sound have 3 MB."""


class Box(NamedTuple):
    """A box at the top level: its name, where its content starts, and where it says that it ends."""

    name: bytes
    start: int
    end: int


def top_level(recording: Path) -> Iterator[Box]:
    """Yield the boxes of a file, as far as their sizes make sense; the last one may end beyond the file."""
    size = recording.stat().st_size
    at = 0
    with recording.open("rb") as file:
        for _ in range(_MOST_BOXES):
            if at + _HEAD.size > size:
                return
            file.seek(at)
            name, start, length = _head(file.read(_EXTENDED_HEAD), size - at)
            if length < start:
                return
            yield Box(name, at + start, at + length)
            at += length


def index_of(recording: Path) -> bytes:
    """Return the content of ``moov``; nothing if there is none, or if it is larger than any honest one."""
    for box in top_level(recording):
        if box.name == b"moov":
            with recording.open("rb") as file:
                file.seek(box.start)
                return file.read(box.end - box.start) if box.end - box.start <= MOST_BYTES else b""
    return b""


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each box in ``data``."""
    at = 0
    while at + _HEAD.size <= len(data):
        name, start, length = _head(data[at : at + _EXTENDED_HEAD], len(data) - at)
        if length < start:
            return
        yield name, data[at + start : at + length]
        at += length


def inside(data: bytes, *path: bytes) -> Iterator[bytes]:
    """Yield the content of each box that lies under these names, one within the other."""
    name, *rest = path
    for found, content in boxes(data):
        if found == name:
            yield from inside(content, *rest) if rest else (content,)


def _head(head: bytes, left: int) -> tuple[bytes, int, int]:
    """Return a box's name, the size of its head, and its length; ``left`` is what there is up to the end."""
    length, name = _HEAD.unpack_from(head)
    if length == _EXTENDED and len(head) == _EXTENDED_HEAD:
        return name, _EXTENDED_HEAD, int.from_bytes(head[8:]) or left
    return name, _HEAD.size, length or left
