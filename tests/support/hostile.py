"""Recordings that lie, break off, or are none: for the tests of what is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from threading import Thread

from tests.support.media import ffmpeg

_RATE = 8000


def wav_claiming(seconds: float, actual_seconds: float = 0.5) -> bytes:
    """A WAV file whose header states ``seconds`` but that holds ``actual_seconds`` of faint noise."""
    stated, actual = int(seconds * _RATE) * 2, int(actual_seconds * _RATE) * 2
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, _RATE * 2, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", (36 + stated) & 0xFFFFFFFF, b"WAVE") + fmt
    return head + struct.pack("<4sI", b"data", stated) + bytes(range(1, 251)) * (actual // 250)


def sparse_clip(target: Path, hours: int) -> None:
    """An MP4 with one small frame an hour: few bytes, but long."""
    frames = f"color=gray:size=64x64:rate=1/3600:duration={hours * 3600}"
    ffmpeg("-f", "lavfi", "-i", frames, "-c:v", "libx264", "-f", "mp4", str(target))


def wide_picture(target: Path, width: int, height: int) -> None:
    """Two gray frames of that size as Motion JPEG in AVI."""
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:size={width}x{height}:rate=2:duration=1"),
        *("-c:v", "mjpeg", "-f", "avi", str(target)),
    )


def cover_art_only(target: Path) -> None:
    """An MP3 with a picture on its cover."""
    picture = target.with_suffix(".png")
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64:rate=1:duration=1", "-frames:v", "1", str(picture))
    ffmpeg(
        *("-f", "lavfi", "-i", "anoisesrc=duration=2:amplitude=0.1:r=16000", "-i", str(picture)),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "libmp3lame", "-id3v2_version", "3"),
        *("-disposition:v", "attached_pic", "-f", "mp3", str(target)),
    )


def silent_clip(source: Path, target: Path) -> None:
    """``source`` without its sound track."""
    ffmpeg("-i", str(source), "-an", "-c:v", "copy", "-f", "mp4", str(target))


@contextmanager
def tripwire() -> Iterator[tuple[int, list[str]]]:
    """A port of the loopback address, and the list of those who connected to it."""
    server = create_server(("127.0.0.1", 0))
    visitors: list[str] = []

    def listen() -> None:
        while True:
            try:
                connection, address = server.accept()
            except OSError:  # closed below
                return
            visitors.append(str(address))
            connection.close()

    Thread(target=listen, daemon=True).start()
    try:
        yield server.getsockname()[1], visitors
    finally:
        server.close()
