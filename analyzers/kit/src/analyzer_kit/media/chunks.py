"""The chunks of WAV, AVI, AIFF and CAF files: how much sound or picture they say that there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

_UNKNOWN_FROM = 0x7FFFF000
"""Programs that write to a pipe cannot know the size and put 0, 0x7FFFF000, 0x80000000, or 0xFFFFFFFF."""

_ROUND, _ROUND_FROM = 0xFFFF, 16 * 1024 * 1024
"""Others put a large round number."""

_LARGEST = 0x7FFFFFFF
_MOST_CHUNKS = 1000
_HEAD, _CAF_HEAD, _CAF_START, _FORM_HEAD = 8, 12, 8, 12
_DATA = {b"data", b"SSND"}
_KNOWN = _DATA | {b"fmt ", b"fact", b"LIST", b"bext", b"COMM", b"FVER"}
_PRINTED = range(0x20, 0x7F)

_PCM, _MS_ADPCM, _FLOAT, _A_LAW, _MU_LAW, _IMA_ADPCM, _MS_GSM, _EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE
_BY_SAMPLES = {_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE}
_BY_BLOCKS = {_MS_ADPCM, _IMA_ADPCM, _MS_GSM}
_FORMAT_BYTES, _BLOCK_FORMAT_BYTES = 16, 20


class Chunk(NamedTuple):
    """One chunk: its name, and where its content starts; its size is what it says itself."""

    name: bytes
    start: int
    size: int


def present_share(recording: Path) -> float:
    """Return the share (0-1) of the stated sound or picture that lies within the file; 1 if nothing believable is."""
    size = recording.stat().st_size
    with recording.open("rb") as file:
        data = _data(file, size)
    if data is None or data.size <= 0:
        return 1.0
    return min(max(size - data.start, 0) / data.size, 1.0)


def wav_seconds(recording: Path) -> float | None:
    """Return seconds by the ``fmt`` and ``data`` chunks of a WAV file; None if they do not say."""
    with recording.open("rb") as file:
        size = recording.stat().st_size
        data = _data(file, size)
        described = next(
            (chunk for chunk in walk(file, size, _FORM_HEAD, _HEAD, "little") if chunk.name == b"fmt "), None
        )
        if data is None or described is None:
            return None
        file.seek(described.start)
        rate = _bytes_a_second(file.read(min(described.size, _BLOCK_FORMAT_BYTES)))
    return data.size / rate if rate else None


def _bytes_a_second(body: bytes) -> float:
    """Return the rate by what the samples need, as the field for it is often wrong; 0 if only that one says."""
    if len(body) < _FORMAT_BYTES:
        return 0
    codec, channels, rate, block, bits = (
        int.from_bytes(body[at:end], "little") for at, end in ((0, 2), (2, 4), (4, 8), (12, 14), (14, 16))
    )
    if codec in _BY_SAMPLES:
        return rate * channels * ((bits + 7) // 8)
    if codec in _BY_BLOCKS and len(body) >= _BLOCK_FORMAT_BYTES:
        samples = int.from_bytes(body[18:20], "little")
        return rate * block / samples if samples else 0
    return 0


def _data(file: BinaryIO, size: int) -> Chunk | None:
    """Return the chunk that holds the sound or the picture, if its size can be believed."""
    file.seek(0)
    head = file.read(_FORM_HEAD)
    if head[:4] == b"caff":
        found = next((chunk for chunk in walk(file, size, _CAF_START, _CAF_HEAD) if chunk.name == b"data"), None)
        return found if found and found.size < 1 << 62 else None
    if head[:4] in {b"RF64", b"BW64"}:
        return _large_data(file, size)
    if head[:4] not in {b"RIFF", b"FORM"}:
        return None
    order: Literal["little", "big"] = "little" if head[:4] == b"RIFF" else "big"
    outer = int.from_bytes(head[4:8], order)
    if head[8:12] == b"AVI ":
        return None if _is_placeholder(outer) else _last_part(file, size)
    found = next((chunk for chunk in walk(file, size, _FORM_HEAD, _HEAD, order) if chunk.name in _DATA), None)
    if found is None or _is_placeholder(found.size) or _is_placeholder(outer):
        return None
    return found if _HEAD + outer >= found.start + found.size else None  # else one of the two is wrong


def _large_data(file: BinaryIO, size: int) -> Chunk | None:
    """Return the same of a WAV file whose sizes have 64 bits and stand in a chunk of their own (EBU Tech 3306)."""
    walked = list(walk(file, size, _FORM_HEAD, _HEAD, "little"))
    sizes = next((chunk for chunk in walked if chunk.name == b"ds64"), None)
    found = next((chunk for chunk in walked if chunk.name == b"data"), None)
    if sizes is None or found is None:
        return None
    file.seek(sizes.start + 8)
    stated = int.from_bytes(file.read(8), "little")
    return found._replace(size=stated) if 0 < stated < 1 << 62 else None


def _is_placeholder(size: int) -> bool:
    return size == 0 or size >= _UNKNOWN_FROM or (size >= _ROUND_FROM and not size & _ROUND)


def walk(
    file: BinaryIO, size: int, at: int, head_bytes: int, order: Literal["little", "big"] = "big"
) -> Iterator[Chunk]:
    """Yield the chunks from ``at`` on, whose heads are a name and a length."""
    for _ in range(_MOST_CHUNKS):
        if at >= size:
            return
        file.seek(at)
        head = file.read(head_bytes)
        if len(head) < head_bytes:
            return
        length = int.from_bytes(head[4:], order)
        yield Chunk(head[:4], at + head_bytes, length)
        at += head_bytes + length
        at += _padding(file, at) if length % 2 and head_bytes == _HEAD else 0


def _padding(file: BinaryIO, at: int) -> int:
    """Return how many bytes even out a chunk of an odd size that ends at ``at``: one, or none if it was forgotten."""
    file.seek(at)
    after = file.read(_HEAD)
    name, evened = after[:4], after[1:5]
    return int(evened in _KNOWN or len(name) < len(evened) or not all(byte in _PRINTED for byte in name))


def missing_pads(recording: Path) -> list[int]:
    """Return where a WAV or AIFF file lacks the byte that evens out a chunk of an odd size, up to its sound.

    Other programs play such a file; FFmpeg finds no chunk behind it.
    """
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        order: Literal["little", "big"] = "big" if file.read(4) == b"FORM" else "little"
        missing = []
        for chunk, after in pairwise(walk(file, size, _FORM_HEAD, _HEAD, order)):
            if chunk.name in _DATA:
                break
            if chunk.size % 2 and after.start == chunk.start + chunk.size + _HEAD:
                missing.append(chunk.start + chunk.size)
    return missing


def sizes_left_out(recording: Path) -> list[tuple[int, bytes]]:
    """Return the sizes of an AIFF file, and of the sound in it, if both are 0, each with its place.

    Programs that write to a pipe leave them so, and FFmpeg takes such a file for an empty one.
    """
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(_HEAD) != b"FORM" + bytes(4):
            return []
        sound = next((chunk for chunk in walk(file, size, _FORM_HEAD, _HEAD) if chunk.name == b"SSND"), None)
    if sound is None or sound.size:
        return []
    return [(at, min(size - at - 4, _LARGEST).to_bytes(4)) for at in (4, sound.start - 4)]


def _last_part(file: BinaryIO, size: int) -> Chunk | None:
    """Return the whole of an AVI file as one chunk: it is a list of parts, of at most 1 GB each (OpenDML)."""
    at = 0
    for part in walk(file, size, 0, _HEAD, "little"):
        if part.name != b"RIFF" or _is_placeholder(part.size):
            break
        at = part.start + part.size
    return Chunk(b"RIFF", 0, at) if at > size else None
