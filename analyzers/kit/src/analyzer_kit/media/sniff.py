"""The format of a recording, decided from its first bytes before FFmpeg sees any of it.

FFmpeg's own probing also finds playlists (HLS, DASH, ffconcat, SDP) inside files of any name and then opens what they
point to (CVE-2016-1897, CVE-2017-9993). Here a file is one of a few self-contained formats, or it is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.chance import looks_like_chance
from analyzer_kit.media.mpeg_audio import begins_with_frame, first_frame
from analyzer_kit.media.ogg import first_page
from analyzer_kit.media.photos import animation_of, photo_of
from analyzer_kit.media.transport import is_transport_stream

_HEAD_BYTES = 64 * 1024
"""Looked at; FFmpeg passes over as many bytes of rubbish before the first frame of an MP3, packet of a transport
stream, or page of an Ogg file."""

_MOST_TAGS = 20
_ID3_HEADER, _ID3_FOOTER = 10, 0x10
_APE_HEADER = 32
_ID3V1 = 128

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

ACCEPTED = "WAV, MP3, FLAC, Ogg, AAC, AMR, AIFF, CAF, MP4/MOV, Matroska/WebM, AVI and MPEG-TS"
_NAMES = {
    "wav": "a WAV file",
    "avi": "an AVI file",
    "aiff": "an AIFF file",
    "flac": "a FLAC file",
    "ogg": "an Ogg file",
    "matroska": "a Matroska (MKV) file",
    "amr": "an AMR file",
    "caf": "a CAF file",
    "mpegts": "an MPEG transport stream",
    "mp3": "an MP3 file",
    "aac": "an AAC file",
}
_QUICKTIME = "a QuickTime (MOV) file"
_BRANDS = ((b"qt  ", _QUICKTIME), (b"3g", "a 3GP file"), (b"M4A ", "an M4A file"), (b"M4B ", "an M4B file"))


_WITHOUT_TAGS = {"wav", "aiff", "caf", "mov", "matroska", "avi"}
"""Tags belong behind these, or within; programs for music put them before all the same."""


class Format(NamedTuple):
    """What a recording is: for FFmpeg, and for people.

    Attributes:
        demuxer: the only one that may open it.
        name: what people call such a file.
        begins: where it begins, behind tags that its demuxer does not pass over by itself.
    """

    demuxer: str
    name: str
    begins: int = 0


def format_of(recording: Path) -> Format:
    """Return the only FFmpeg demuxer that may open ``recording``, and what people call such a file.

    Raises:
        AnalysisError: UnsupportedMedia: it is empty, a photo, or not one of the accepted formats.
    """
    with recording.open("rb") as file:
        tagged = _pass_tags(file)
        begins = file.tell()
        head = file.read(_HEAD_BYTES)
    if not head and not tagged:
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, "The object is empty. Send the recording itself.")
    _refuse_pictures(head)
    demuxer = demuxer_of_bytes(head, tagged=tagged)
    if demuxer is None:
        raise _not_accepted(head)
    return Format(demuxer, _name_of(demuxer, head), begins if demuxer in _WITHOUT_TAGS else 0)


def _refuse_pictures(head: bytes) -> None:
    animation, photo = animation_of(head), photo_of(head)
    if animation is not None:
        message = (
            f"This is an animated picture ({animation}), not a recording. Animated pictures are not analysed: send the "
            "recording that it was made from."
        )
    elif photo is not None:
        message = f"This is a photo ({photo}), not a recording. Photos are not analysed: send sound or moving pictures."
    else:
        return
    raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)


def demuxer_of_bytes(head: bytes, *, tagged: bool = False) -> str | None:
    """Return the demuxer for a file that starts with ``head``; None if there is none for it.

    Args:
        head: the first bytes, after any tags.
        tagged: whether there were tags, which only sound has: one frame is then proof enough.
    """
    for offset, magic, name in _BY_MAGIC:
        if head[offset : offset + len(magic)] == magic and (offset == 0 or head[:4] in _CHUNKED):
            return name
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    if is_transport_stream(head):
        return "mpegts"
    if first_page(head) is not None:
        return "ogg"
    if len(head) >= _ID3_HEADER and (at_once := begins_with_frame(head)):
        return at_once
    found = first_frame(head, 1) if tagged else first_frame(head)
    return found.demuxer if found else None


def _not_accepted(head: bytes) -> AnalysisError:
    message = f"This is not a recording in a format that is analysed: {ACCEPTED}."
    if looks_like_chance(head):
        message += (
            " Its bytes look like chance: it is encrypted as a whole, as a segment of a protected stream (HLS) is, or "
            "packed. Send the recording itself, unprotected."
        )
    return AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)


def _name_of(demuxer: str, head: bytes) -> str:
    if demuxer == "matroska" and b"webm" in head[:64]:
        return "a WebM file"
    if demuxer != "mov":
        return _NAMES[demuxer]
    if head[4:8] != b"ftyp":
        return _QUICKTIME
    return next((name for brand, name in _BRANDS if head[8:12].startswith(brand)), "an MP4 file")


def _pass_tags(file: BinaryIO) -> bool:
    """Move to what follows the tags at the beginning, of which there may be several; return whether there were any."""
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        size = _tag_size(file.read(_APE_HEADER))
        if not size:
            break
        start += size
    file.seek(start)
    return start > 0


def _tag_size(head: bytes) -> int:
    """Return the size of the tag that begins with ``head``, header and footer included; 0 if there is none.

    ID3v2 states its size in 4 x 7 bits (ID3v2.4, 3.1), APEv2 with its footer (and here without its header); the old
    ID3v1, which belongs at the end, has a fixed one.
    """
    if head[:3] == b"ID3" and len(head) >= _ID3_HEADER:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        return size + _ID3_HEADER * (2 if head[5] & _ID3_FOOTER else 1)
    if head[:8] == b"APETAGEX" and len(head) == _APE_HEADER:
        return int.from_bytes(head[12:16], "little") + _APE_HEADER
    return _ID3V1 if head[:3] == b"TAG" else 0
