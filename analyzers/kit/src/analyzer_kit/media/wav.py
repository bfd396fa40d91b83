"""How long a WAV file says it is: FFmpeg corrects that by the file's size and so hides that an end is missing."""

from __future__ import annotations

import struct
from pathlib import Path

_UNKNOWN_FROM = 0x7FFFF000
"""Programs that write to a pipe cannot know the size and put 0, 0x7FFFF000, or 0xFFFFFFFF."""

_MOST_CHUNKS = 100
_CHUNK_HEAD = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHII")
"""Codec, channels, samples a second, bytes a second."""


def stated_wav_seconds(recording: Path) -> float | None:
    """Return seconds by the sizes in the ``fmt`` and ``data`` chunks; None if they do not say, or it is no RIFF WAV."""
    with recording.open("rb") as file:
        if file.read(4) != b"RIFF":  # RF64 keeps its sizes elsewhere
            return None
        file.seek(12)
        byte_rate = 0
        for _ in range(_MOST_CHUNKS):
            head = file.read(_CHUNK_HEAD.size)
            if len(head) < _CHUNK_HEAD.size:
                return None
            name, size = _CHUNK_HEAD.unpack(head)
            if name == b"data":
                return size / byte_rate if byte_rate and 0 < size < _UNKNOWN_FROM else None
            body = file.read(min(size, _FORMAT.size)) if name == b"fmt " else b""
            if len(body) == _FORMAT.size:
                *_, byte_rate = _FORMAT.unpack(body)
            file.seek(size - len(body) + size % 2, 1)
    return None
