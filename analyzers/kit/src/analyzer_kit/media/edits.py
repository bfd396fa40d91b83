"""Edit lists of MP4 and QuickTime files: which stretches of a track are shown, and when (ISO 14496-12, 8.6.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from analyzer_kit.media.iso import boxes, index_of, inside

_MOST_EDITS = 10_000
_VERSIONS = {0: struct.Struct(">Ii4x"), 1: struct.Struct(">Qq4x")}
"""Duration and media time of one entry; the rate is passed over."""


class Edit(NamedTuple):
    """A stretch of media that is shown: where it starts, in units of the track, and how long, in units of the movie."""

    start: int
    duration: int


def edits_by_track(recording: Path) -> list[int]:
    """Return how many stretches of media each track is put together from, in the order of the tracks; 0 without a list.

    A damaged index gives an empty list.
    """
    return [len(edits_of(body)) for name, body in boxes(index_of(recording)) if name == b"trak"]


def edits_of(track: bytes) -> tuple[Edit, ...]:
    """Return the stretches that a track is put together from; those that only wait, as for a late start, are left out.

    Args:
        track: the content of its box.
    """
    return tuple(chain.from_iterable(_entries(body) for body in inside(track, b"edts", b"elst")))


def _entries(body: bytes) -> Iterator[Edit]:
    """Yield entries of an edit list that show media: an empty one has -1 for its media time."""
    entry = _VERSIONS.get(body[0]) if len(body) >= 8 else None  # noqa: PLR2004 - version, flags, count
    if entry is None:
        return
    stated = min(int.from_bytes(body[4:8]), _MOST_EDITS, (len(body) - 8) // entry.size)
    for at in range(stated):
        duration, start = entry.unpack_from(body, 8 + at * entry.size)
        if start >= 0:
            yield Edit(start, duration)
