"""Where a file keeps its content credentials: looked up within bounds, before a library sees any of it.

A recording without credentials, which nearly all are, costs some reads of headers. C2PA 2.1, annex A: a ``uuid`` box
in MP4 and MOV, a ``C2PA`` chunk in WAV and AVI, and in MP3 and FLAC an object in an ID3v2 tag. Ogg and Matroska have no
place for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer_kit.media.chunks import walk
from analyzer_kit.media.iso import top_level

MOST_BYTES = 16 * 1024 * 1024
"""Of one store: the largest honest ones hold thumbnails of all ingredients, a few megabytes."""

_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP_CHUNKS = {b"_PMX", b"XMP "}
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID = 16
_ISO_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}
_ELSEWHERE = b"dcterms:provenance"
"""In XMP: the address of credentials that are not in the file."""

_FORM, _ID3_HEAD, _ID3_FRAME = 12, 10, 10
_MOST_FRAMES = 1000
_ID3_TYPES = {b"application/c2pa", b"application/x-c2pa-manifest-store"}
_FRAME_FORMAT = {3: 0xE0, 4: 0x4F}
"""Flags by which a frame is grouped, compressed, encrypted, or written otherwise (ID3v2.3, 3.3.1; v2.4, 4.1.2)."""


class Store(NamedTuple):
    """The place of credentials in a file."""

    embedded: bool = True
    """Whether they are in the file, and not only their address."""
    problem: str = ""
    """Why the library shall not read them, as a word; empty if it may."""


def store_of(recording: Path) -> Store | None:
    """Return where a file keeps credentials, or the address of them; None if it has none."""
    size = recording.stat().st_size
    with recording.open("rb") as file:
        head = file.read(_FORM)
        if head[:4] == b"RIFF":
            return _in_chunks(file, size)
        if head[:3] == b"ID3":
            return _in_tag(file, size)
    if head[4:8] in _ISO_FIRST:
        return _in_boxes(recording, size)
    return None


def _in_boxes(recording: Path, size: int) -> Store | None:
    with recording.open("rb") as file:
        for box in top_level(recording):
            if box.name != b"uuid":
                continue
            file.seek(box.start)
            mark = file.read(_UUID)
            if mark == _C2PA_BOX:
                return _judged(box.start, box.end - box.start, size)
            if mark == _XMP_BOX and _ELSEWHERE in file.read(min(box.end - box.start, MOST_BYTES)):
                return Store(embedded=False)
    return None


def _in_chunks(file: BinaryIO, size: int) -> Store | None:
    elsewhere = None
    for chunk in walk(file, size, _FORM, 8, "little"):
        if chunk.name == b"C2PA":
            return _judged(chunk.start, chunk.size, size)
        if chunk.name in _XMP_CHUNKS:
            file.seek(chunk.start)
            if _ELSEWHERE in file.read(min(chunk.size, MOST_BYTES)):
                elsewhere = Store(embedded=False)
    return elsewhere


def _judged(start: int, length: int, size: int) -> Store:
    if start + length > size:
        return Store(problem="cutShort")
    return Store(problem="tooLarge" if length > MOST_BYTES else "")


def _in_tag(file: BinaryIO, size: int) -> Store | None:
    """Return the same of an ID3v2 tag. One of an unusual form is not read: parsers unpack what is compressed."""
    file.seek(0)
    head = file.read(_ID3_HEAD)
    length = _from_seven_bits(head[6:10])
    content = file.read(min(length, MOST_BYTES))
    embedded = any(kind in content for kind in _ID3_TYPES)
    if not embedded and _ELSEWHERE not in content:
        return None
    judged = _judged(_ID3_HEAD, length, size)
    if judged.problem:
        return judged
    plain = head[5] == 0 and head[3] in _FRAME_FORMAT and _is_plain(content, head[3])
    return Store(embedded, "" if plain else "unusualTag")


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
