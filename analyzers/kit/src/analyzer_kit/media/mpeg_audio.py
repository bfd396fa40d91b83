"""Frame headers of MPEG audio (ISO 11172-3, 2.4.1.3; ISO 13818-3; ISO 13818-7, 6.2): where the first frame stands."""

from __future__ import annotations

from typing import NamedTuple

_HEADER = 4
_ENOUGH = 4
"""So many frames in a row, each where the one before it ends, are no chance."""

_SYNC, _LAYERS = 0xFFE00000, 0x00060000
_ADTS, _ADTS_SYNC = 0xFFF60000, 0xFFF00000
_ADTS_RATES, _ADTS_HEADER = 13, 7
_SAME_MPEG, _SAME_ADTS = 0xFFFE0C00, 0xFFFEFDC0
"""What the headers of one stream share: version, layer or profile, rate, and for ADTS the channels."""

_MPEG_1 = 3
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Samples a second, by the two bits of the version."""

_LAYER_1, _LAYER_2, _LAYER_3 = 3, 2, 1
_KILOBITS = {
    (True, _LAYER_1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, _LAYER_2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, _LAYER_2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version and layer; the bit rate's number 1 comes first. 0 is free format and 15 is none."""


class FirstFrame(NamedTuple):
    """The demuxer for it, and its place in the bytes that were looked at."""

    demuxer: str
    start: int


def first_frame(data: bytes, enough: int = _ENOUGH) -> FirstFrame | None:
    """Return where sound begins: ``enough`` frames in a row, or fewer that reach the end of ``data``.

    Args:
        data: from the beginning of the file, or from where its tags end.
        enough: 1 if something else says already that this is MPEG audio.
    """
    at = data.find(b"\xff")
    while at >= 0:
        demuxer, _ = _frame(data, at)
        if demuxer and _in_a_row(data, at, enough) >= enough:
            return FirstFrame(demuxer, at)
        at = data.find(b"\xff", at + 1)
    return None


def begins_with_frame(data: bytes) -> str | None:
    """Return mp3 or aac by the header at the beginning; None if there is none.

    MPEG layers 1 and 2 need more than their header: the mark at the beginning of UTF-16 text looks like one.
    """
    demuxer, _ = _frame(data, 0)
    return demuxer if demuxer == "aac" or data[1] >> 1 & 3 == _LAYER_3 else None


def _in_a_row(data: bytes, at: int, most: int) -> int:
    first = int.from_bytes(data[at : at + _HEADER])
    count = 0
    while count < most:
        demuxer, length = _frame(data, at)
        same = _SAME_ADTS if demuxer == "aac" else _SAME_MPEG
        if demuxer is None or (int.from_bytes(data[at : at + _HEADER]) ^ first) & same:
            return count
        count += 1
        at += length
    return count


def _frame(data: bytes, at: int) -> tuple[str | None, int]:
    """Return the demuxer, and the frame's length in bytes."""
    header = int.from_bytes(data[at : at + _HEADER])
    if header & _ADTS == _ADTS_SYNC and len(data) >= at + _ADTS_HEADER:
        length = int.from_bytes(data[at + 3 : at + 6]) >> 5 & 0x1FFF
        usable = (header >> 10 & 0xF) < _ADTS_RATES and length >= _ADTS_HEADER
        return ("aac", length) if usable else (None, 0)
    length = _mpeg_length(header) if header & _SYNC == _SYNC and header & _LAYERS else 0
    return ("mp3", length) if length else (None, 0)


def _mpeg_length(header: int) -> int:
    version, layer = header >> 19 & 3, header >> 17 & 3
    rates = _RATES.get(version, ())
    kilobits = (0, *_KILOBITS[version == _MPEG_1, layer], 0)[header >> 12 & 0xF]
    number, padding = header >> 10 & 3, header >> 9 & 1
    if not kilobits or number >= len(rates):
        return 0
    bits = kilobits * 1000
    if layer == _LAYER_1:
        return (12 * bits // rates[number] + padding) * 4
    halved = layer == _LAYER_3 and version != _MPEG_1
    return (72 if halved else 144) * bits // rates[number] + padding
