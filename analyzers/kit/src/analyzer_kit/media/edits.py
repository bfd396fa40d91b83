"""Edit lists of MP4 and QuickTime files: which stretches of a track are shown, and when (ISO 14496-12, 8.6.6)."""

from __future__ import annotations

import struct
from pathlib import Path

from analyzer_kit.media.iso import boxes, index_of, inside

_MOST_EDITS = 10_000
_VERSIONS = {0: struct.Struct(">Ii4x"), 1: struct.Struct(">Qq4x")}
"""Duration and media time of one entry; the rate is passed over."""


def edits_by_track(recording: Path) -> list[int]:
    """Return how many stretches of media each track is put together from, in the order of the tracks; 0 without a list.

    Entries that only wait, as for a track that begins later, are not counted. A damaged index gives an empty list.
    """
    return [_media_edits(body) for name, body in boxes(index_of(recording)) if name == b"trak"]


def _media_edits(track: bytes) -> int:
    return sum(_count(body) for body in inside(track, b"edts", b"elst"))


def _count(body: bytes) -> int:
    """Return entries of an edit list that show media: an empty one has -1 for its media time."""
    entry = _VERSIONS.get(body[0]) if len(body) >= 8 else None  # noqa: PLR2004 - version, flags, count
    if entry is None:
        return 0
    stated = min(int.from_bytes(body[4:8]), _MOST_EDITS, (len(body) - 8) // entry.size)
    return sum(entry.unpack_from(body, 8 + at * entry.size)[1] >= 0 for at in range(stated))
