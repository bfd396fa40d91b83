"""Encrypted tracks, by the words of the container: without its key, what such a track decodes to is rubbish."""

from __future__ import annotations

from pathlib import Path

from av.stream import Stream

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import ebml, transport
from analyzer_kit.media.iso import boxes, index_of, inside

_COMMON = {b"encv", b"enca", b"enct", b"encs", b"encm", b"encf"}
"""Sample entries of protected media (ISO 14496-12, 8.12; ISO 23001-7)."""

_ALWAYS = {b"drms", b"drmi", b"drmt", b"p608", b"aavd"}
"""Apple's of FairPlay before that, and Audible's."""

_ENTRY_HEADS = {b"vide": 78, b"soun": 28}
"""Bytes of a sample entry before the boxes in it (ISO 14496-12, 12.1 and 12.2)."""

_IS_PROTECTED = 6
"""Place in ``tenc`` (ISO 23001-7, 8.2) of the flag that says that samples are encrypted if nothing else is said."""

_TRACK_ENTRY = 0xAE
_TO_ENCRYPTION = (0x6D80, 0x6240, 0x5035)
"""ContentEncodings, ContentEncoding, ContentEncryption."""


def encrypted_tracks(recording: Path, demuxer: str) -> set[int]:
    """Return the tracks that the container calls encrypted, as :func:`track_of` numbers them."""
    if demuxer == "mov":
        index = index_of(recording)
        return {_track_id(track) for track in inside(index, b"trak") if _is_encrypted(track)}
    if demuxer == "matroska":
        return _encrypted_entries(recording)
    return transport.scrambled(recording) if demuxer == "mpegts" else set()


def track_of(stream: Stream, demuxer: str) -> int:
    """Return the number of a track: its own, or, as FFmpeg does not keep Matroska's, its place."""
    return stream.index if demuxer == "matroska" else stream.id


def encrypted() -> AnalysisError:
    """Return the error for a recording that is encrypted."""
    message = (
        "The recording is encrypted (copy protection, DRM): without its key it can be neither heard nor seen. "
        "Send an unprotected recording."
    )
    return AnalysisError(FailureReason.ENCRYPTED_MEDIA, message)


def _is_encrypted(track: bytes) -> bool:
    handler = next(inside(track, b"mdia", b"hdlr"), b"")[8:12]
    for table in inside(track, b"mdia", b"minf", b"stbl", b"stsd"):
        for name, entry in boxes(table[8:]):
            protections = list(inside(entry[_ENTRY_HEADS.get(handler, 8) :], b"sinf", b"schi", b"tenc"))
            denied = bool(protections) and not any(
                box[_IS_PROTECTED : _IS_PROTECTED + 1] != b"\0" for box in protections
            )
            if name in _ALWAYS or (name in _COMMON and not denied):
                return True
    return False


def _track_id(track: bytes) -> int:
    header = next(inside(track, b"tkhd"), b"")
    place = 20 if header[:1] == b"\1" else 12  # after two times, of 8 bytes each or of 4
    return int.from_bytes(header[place : place + 4])


def _encrypted_entries(recording: Path) -> set[int]:
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        entries = ebml.within(file, size, ebml.SEGMENT, ebml.TRACKS, _TRACK_ENTRY)
        return {place for place, entry in enumerate(entries) if any(ebml.children(file, entry, size, *_TO_ENCRYPTION))}
