"""The demuxer of a recording, decided from its first bytes before FFmpeg sees any of it.

FFmpeg's own probing also finds playlists (HLS, DASH, ffconcat, SDP) inside files of any name and then opens what they
point to (CVE-2016-1897, CVE-2017-9993). Here a file is one of a few self-contained formats, or it is refused.
"""

from __future__ import annotations

from pathlib import Path

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError

_TS_PACKET, _TS_SYNC = 188, b"\x47"
_ID3_HEADER = 10
_HEAD_BYTES = 64 * 1024
_MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
_BY_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "wav"),
    (8, b"AVI ", "avi"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"#!AMR", "amr"),
    (0, b"caff", "caf"),
)
_CHUNKED = {b"RIFF", b"RF64", b"BW64", b"FORM"}
"""What must stand at 0 for the magic at 8 to count."""

_ADTS_MASK, _ADTS_SYNC = 0xFFF6, 0xFFF0
_MP3_MASK, _MP3_SYNC = 0xFFE6, 0xFFE2
_NO_BITRATE, _NO_RATE = (0, 15), 3
"""Free-format and reserved values."""

ACCEPTED = "WAV, MP3, FLAC, Ogg, AAC, AMR, AIFF, CAF, MP4/MOV, Matroska/WebM, AVI and MPEG-TS"


def demuxer_of(recording: Path) -> str:
    """Return the name of the only FFmpeg demuxer that may open ``recording``.

    Raises:
        AnalysisError: UnsupportedMedia: it is empty or not one of the accepted formats.
    """
    with recording.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = _id3_size(head)
        if size:
            file.seek(size)
            head = file.read(_HEAD_BYTES)
    if not head and not size:
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, "The object is empty. Send the recording itself.")
    demuxer = demuxer_of_bytes(head)
    if demuxer is None:
        message = f"This is not a recording in a format that is analysed: {ACCEPTED}."
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
    return demuxer


def demuxer_of_bytes(head: bytes) -> str | None:
    """Return the demuxer for a file that starts with ``head``; None if there is none for it."""
    for offset, magic, name in _BY_MAGIC:
        if head[offset : offset + len(magic)] == magic and (offset == 0 or head[:4] in _CHUNKED):
            return name
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    if head[:1] == head[_TS_PACKET : _TS_PACKET + 1] == _TS_SYNC:
        return "mpegts"
    return _mpeg_audio(head)


def _id3_size(head: bytes) -> int:
    """Return the size of an ID3v2 tag at the start, with its header; 0 without one: 4 x 7 bits (ID3v2.4, 3.1)."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return size + _ID3_HEADER


def _mpeg_audio(head: bytes) -> str | None:
    """Return mp3 or aac by the frame header (ISO 11172-3, 2.4.1.3; ISO 13818-7, 6.2): 11 or 12 sync bits, a layer."""
    header = int.from_bytes(head[:4]) if len(head) >= _ID3_HEADER else 0
    if header >> 16 & _ADTS_MASK == _ADTS_SYNC:
        return "aac"
    if header >> 16 & _MP3_MASK != _MP3_SYNC:
        return None
    bitrate, rate = header >> 12 & 0xF, header >> 10 & 0x3
    return "mp3" if bitrate not in _NO_BITRATE and rate != _NO_RATE else None
