"""What the boxes of an MP4 or MOV file say of where it comes from."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from analyzer_kit.media.edits import Edit, edits_of
from analyzer_kit.media.iso import Box, index_of, inside, top_level

_MOST_BYTES = 1 << 20
"""Read of a manifest; what is looked for stands far ahead of that."""

_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}
"""What an MP4 or MOV file begins with."""

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
        edits: the stretches of each track that has an edit list.
        created: Unix seconds by ``mvhd``; 0 if not set.
        modified: the same of the last change.
    """

    c2pa: bool = False
    generated: bool = False
    edits: tuple[tuple[Edit, ...], ...] = ()
    created: int = 0
    modified: int = 0


def read_boxes(recording: Path) -> Boxes:
    """Return the boxes of ``recording``; none for a file that is not MP4 or MOV, or where they end midway."""
    size = recording.stat().st_size
    top = [box for box in top_level(recording) if box.end <= size]
    if not top or top[0].name not in _FIRST:
        return Boxes()
    stores = [content for box in top if _is_c2pa(box.name, content := _content(recording, box))]
    index = index_of(recording)
    created, modified = _times(next(inside(index, b"mvhd"), b""))
    tracks = [edits_of(track) for track in inside(index, b"trak")]
    return Boxes(
        c2pa=bool(stores),
        generated=any(_GENERATED in content for content in stores),
        edits=tuple(edits for edits in tracks if edits),
        created=created,
        modified=modified,
    )


def _content(recording: Path, box: Box) -> bytes:
    """Return the beginning of a box that may hold a manifest."""
    if box.name not in {b"uuid", b"jumb"}:
        return b""
    with recording.open("rb") as file:
        file.seek(box.start)
        return file.read(min(box.end - box.start, _MOST_BYTES))


def _is_c2pa(name: bytes, content: bytes) -> bool:
    if name == b"uuid":
        return content.startswith(_C2PA_UUID)
    return name == b"jumb" and b"c2pa" in content[:1024]


def _times(header: bytes) -> tuple[int, int]:
    layout = struct.Struct(">QQ") if header[:1] == b"\1" else struct.Struct(">II")
    if len(header) < 4 + layout.size:
        return 0, 0
    created, modified = layout.unpack_from(header, 4)
    return max(created - _MAC_TO_UNIX, 0), max(modified - _MAC_TO_UNIX, 0)
