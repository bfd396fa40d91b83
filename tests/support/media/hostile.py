"""Recordings that lie, break off, or are none: for the tests of what is refused."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from threading import Thread

from tests.support.media.samples import ffmpeg

_RATE = 8000


def wav_claiming(seconds: float, actual_seconds: float = 0.5) -> bytes:
    """Return a WAV file whose header states ``seconds`` but that holds ``actual_seconds`` of faint noise."""
    stated, actual = int(seconds * _RATE) * 2, int(actual_seconds * _RATE) * 2
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, _RATE * 2, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", (36 + stated) & 0xFFFFFFFF, b"WAVE") + fmt
    return head + struct.pack("<4sI", b"data", stated) + bytes(range(1, 251)) * (actual // 250)


def sparse_clip(target: Path, hours: int) -> None:
    """Write an MP4 with one small frame an hour: few bytes, but long."""
    frames = f"color=gray:size=64x64:rate=1/3600:duration={hours * 3600}"
    ffmpeg("-f", "lavfi", "-i", frames, "-c:v", "libx264", "-f", "mp4", str(target))


def wide_picture(target: Path, width: int, height: int) -> None:
    """Write two gray frames of that size as Motion JPEG in AVI."""
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:size={width}x{height}:rate=2:duration=1"),
        *("-c:v", "mjpeg", "-f", "avi", str(target)),
    )


def cover_art_only(target: Path) -> None:
    """Write an MP3 with a picture on its cover."""
    picture = target.with_suffix(".png")
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64:rate=1:duration=1", "-frames:v", "1", str(picture))
    ffmpeg(
        *("-f", "lavfi", "-i", "anoisesrc=duration=2:amplitude=0.1:r=16000", "-i", str(picture)),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "libmp3lame", "-id3v2_version", "3"),
        *("-disposition:v", "attached_pic", "-f", "mp3", str(target)),
    )


def silent_clip(source: Path, target: Path) -> None:
    """Write ``source`` without its sound track."""
    ffmpeg("-i", str(source), "-an", "-c:v", "copy", "-f", "mp4", str(target))


@contextmanager
def tripwire() -> Iterator[tuple[int, list[str]]]:
    """Yield a port of the loopback address, and the list of those who connected to it."""
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


def small_mov(target: Path) -> None:
    """Write two seconds of loud noise and a test card as QuickTime, with the index at the end."""
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=2"),
        *("-f", "lavfi", "-i", "anoisesrc=duration=2:r=16000"),
        *("-c:v", "mjpeg", "-c:a", "pcm_s16le", "-f", "mov", str(target)),
    )


def pointing_mov(source: Path, target: Path, entry: bytes) -> None:
    """Write ``source``, a QuickTime file with its index at the end, with sound and pictures said to be elsewhere.

    Args:
        source: the file that has them, at the same offsets.
        target: gets the same index, but nothing except zeros where they were.
        entry: of the data reference table (ISO 14496-12, 8.7.2), as from :func:`alias` or :func:`location`.
    """
    data = source.read_bytes()
    body = b""
    for name, content in _boxes(data):
        body += _box(name, bytes(len(content)) if name == b"mdat" else _redirected(name, content, entry))
    target.write_bytes(body)


def alias(path: Path) -> bytes:
    """Return a Macintosh alias record with an absolute path, which FFmpeg follows if an option says so."""
    text = str(path).encode()
    text += bytes(len(text) % 2)
    record = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16) + bytes(4) + bytes(16)
    return _box(b"alis", bytes(4) + record + struct.pack(">HH", 2, len(text)) + text + b"\xff\xff\x00\x00")


def location(url: str) -> bytes:
    """Return a URL without the flag that says "in this file"."""
    return _box(b"url ", bytes(4) + url.encode() + b"\x00")


def _redirected(name: bytes, content: bytes, entry: bytes) -> bytes:
    if name == b"dref":
        return bytes(4) + struct.pack(">I", 1) + entry
    if name in {b"moov", b"trak", b"mdia", b"minf", b"dinf"}:
        return b"".join(_box(inner, _redirected(inner, part, entry)) for inner, part in _boxes(content))
    return content


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + size]
        at += size


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


@contextmanager
def unread(canary: Path) -> Iterator[None]:
    """Fail if ``canary`` is read inside; then read it, to prove that this would have been seen."""
    os.utime(canary, ns=(canary.stat().st_mtime_ns - 10**15, canary.stat().st_mtime_ns))
    before = canary.stat().st_atime_ns
    yield
    assert canary.stat().st_atime_ns == before, "the canary was read"
    canary.read_bytes()
    assert canary.stat().st_atime_ns != before, "this file system does not say when a file is read"
