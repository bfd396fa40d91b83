"""Where a file keeps its content credentials: looked up within bounds, before a library sees any of it.

A recording without credentials, which nearly all are, costs some reads of headers. C2PA 2.1, annex A: a ``uuid`` box
in MP4 and MOV, a ``C2PA`` chunk in WAV and AVI, and in MP3 and FLAC an object in an ID3v2 tag. Ogg and Matroska have no
place for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer_kit.detector import Reading
from analyzer_kit.media.chunks import walk
from analyzer_kit.media.iso import top_level

MOST_BYTES = 16 * 1024 * 1024
"""Of one store: the largest honest ones hold thumbnails of all ingredients, a few megabytes."""

_CREDENTIALS, _XMP = "credentials", "XMP"
_BOXES = {
    bytes.fromhex("d8fec3d61b0e483c92975828877ec481"): _CREDENTIALS,
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): _XMP,
}
_CHUNKS = {b"C2PA": _CREDENTIALS, b"_PMX": _XMP, b"XMP ": _XMP}
_UUID = 16
_ISO_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}
_ELSEWHERE = b"dcterms:provenance"
"""In XMP: the address of credentials that are not in the file."""

_FORM, _ID3_HEAD, _ID3_FRAME = 12, 10, 10
_MOST_FRAMES = 1000
_ID3_TYPES = {b"application/c2pa", b"application/x-c2pa-manifest-store"}
_PIECE, _LONGEST_MARK = 256 * 1024, 64
_FRAME_FORMAT = {3: 0xE0, 4: 0x4F}
"""Flags by which a frame is grouped, compressed, encrypted, or written otherwise (ID3v2.3, 3.3.1; v2.4, 4.1.2)."""


_MOST_XMP = 1024 * 1024


class Store(NamedTuple):
    """The place of credentials in a file."""

    embedded: bool = True
    """Whether they are in the file, and not only their address."""
    problem: str = ""
    """Why the library shall not read them, as a word; empty if it may."""


class Place(NamedTuple):
    """Where credentials or XMP lie in a file."""

    kind: str
    start: int
    length: int


def places_of(recording: Path) -> list[Place]:
    """Return where credentials and XMP lie in a file, except in ID3 tags: credentials and labels are both found by it.

    It is a walk through all of the file's boxes or chunks.
    """
    with recording.open("rb") as file:
        return list(_places(recording, file, recording.stat().st_size))


def places_in(reading: Reading) -> list[Place]:
    """Return the same of what is analysed, for :meth:`Reading.computed`."""
    return places_of(reading.recording) if reading.recording else []


def store_of(recording: Path, places: Sequence[Place]) -> Store | None:
    """Return where a file keeps credentials, or the address of them; None if it has none."""
    size = recording.stat().st_size
    found = None
    with recording.open("rb") as file:
        if file.read(3) == b"ID3":
            return _in_tag(file, size)
        for place in places:
            if place.kind == _CREDENTIALS:
                return _judged(place.start, place.length, size)
            if _ELSEWHERE in _content(file, place):
                found = Store(embedded=False)
    return found


def xmp_of(recording: Path, places: Sequence[Place]) -> bytes:
    """Return the XMP of a file, which is cut after a megabyte; nothing if it has none."""
    with recording.open("rb") as file:
        if file.read(3) == b"ID3":
            tag = _content(file, Place(_XMP, _ID3_HEAD, _MOST_XMP))
            return tag if b"adobe.com/xap" in tag or b"x:xmpmeta" in tag else b""
        return next((_content(file, place) for place in places if place.kind == _XMP), b"")


def _places(recording: Path, file: BinaryIO, size: int) -> Iterator[Place]:
    head = file.read(_FORM)
    if head[:4] == b"RIFF":
        for chunk in walk(file, size, _FORM, 8, "little"):
            if chunk.name in _CHUNKS:
                yield Place(_CHUNKS[chunk.name], chunk.start, chunk.size)
    elif head[4:8] in _ISO_FIRST:
        for box in top_level(recording):
            if box.name != b"uuid":
                continue
            file.seek(box.start)
            if (mark := file.read(_UUID)) in _BOXES:
                yield Place(_BOXES[mark], box.start, box.end - box.start)


def _content(file: BinaryIO, place: Place) -> bytes:
    file.seek(place.start)
    return file.read(min(place.length, _MOST_XMP))


def _judged(start: int, length: int, size: int) -> Store:
    if start + length > size:
        return Store(problem="cutShort")
    return Store(problem="tooLarge" if length > MOST_BYTES else "")


def _in_tag(file: BinaryIO, size: int) -> Store | None:
    """Return the same of an ID3v2 tag. One of an unusual form is not read: parsers unpack what is compressed."""
    file.seek(0)
    head = file.read(_ID3_HEAD)
    length = _from_seven_bits(head[6:10])
    named = _named_in(file, min(length, MOST_BYTES))
    if not named:
        return None
    judged = _judged(_ID3_HEAD, length, size)
    if judged.problem:
        return judged
    embedded = bool(named & _ID3_TYPES)
    file.seek(_ID3_HEAD)
    content = file.read(min(length, MOST_BYTES))
    plain = head[5] == 0 and head[3] in _FRAME_FORMAT and _is_plain(content, head[3])
    return Store(embedded, "" if plain else "unusualTag")


def _named_in(file: BinaryIO, length: int) -> set[bytes]:
    """Return which marks of credentials the next bytes have. Read in pieces: pictures of megabytes are common."""
    marks = {*_ID3_TYPES, _ELSEWHERE}
    named, end = set(), b""
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        length -= len(piece)
        seam = end + piece[:_LONGEST_MARK]
        named |= {mark for mark in marks if mark in piece or mark in seam}
        end = piece[-_LONGEST_MARK:]
    return named


def _is_plain(content: bytes, version: int) -> bool:
    """Return whether each frame of a tag is stored as it is."""
    at = 0
    for _ in range(_MOST_FRAMES):
        frame = content[at : at + _ID3_FRAME]
        if len(frame) < _ID3_FRAME or not frame[0]:
            return True
        if frame[9] & _FRAME_FORMAT[version]:
            return False
        at += _ID3_FRAME + (_from_seven_bits(frame[4:8]) if version == 4 else int.from_bytes(frame[4:8]))  # noqa: PLR2004
    return False


def _from_seven_bits(number: bytes) -> int:
    value = 0
    for byte in number:
        value = value << 7 | byte & 0x7F
    return value
