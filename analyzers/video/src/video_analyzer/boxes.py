"""What the boxes of an MP4 or MOV file say of where it comes from."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from analyzer_kit.media.edits import Edit, edits_of
from analyzer_kit.media.iso import index_of, inside, top_level

_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}
"""What an MP4 or MOV file begins with."""

_MAC_TO_UNIX = 2_082_844_800
"""Seconds from 1904, which MP4 counts from, to 1970."""


@dataclass(frozen=True)
class Boxes:
    """The facts that the boxes state.

    Attributes:
        edits: the stretches of each track that has an edit list.
        created: Unix seconds by ``mvhd``; 0 if not set.
        modified: the same of the last change.
    """

    edits: tuple[tuple[Edit, ...], ...] = ()
    created: int = 0
    modified: int = 0


def read_boxes(recording: Path) -> Boxes:
    """Return the boxes of ``recording``; none for a file that is not MP4 or MOV, or where they end midway."""
    size = recording.stat().st_size
    first = next(top_level(recording), None)
    if first is None or first.end > size or first.name not in _FIRST:
        return Boxes()
    index = index_of(recording)
    created, modified = _times(next(inside(index, b"mvhd"), b""))
    tracks = [edits_of(track) for track in inside(index, b"trak")]
    return Boxes(
        edits=tuple(edits for edits in tracks if edits),
        created=created,
        modified=modified,
    )


def _times(header: bytes) -> tuple[int, int]:
    layout = struct.Struct(">QQ") if header[:1] == b"\1" else struct.Struct(">II")
    if len(header) < 4 + layout.size:
        return 0, 0
    created, modified = layout.unpack_from(header, 4)
    return max(created - _MAC_TO_UNIX, 0), max(modified - _MAC_TO_UNIX, 0)
