"""Packets of MPEG transport streams (ISO 13818-1, 2.4.3): their size, and which of them are scrambled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_SYNC, _PACKET = 0x47, 188
_STRIDES = (188, 192, 204)
"""Plain; with a time stamp before each packet (Blu-ray, AVCHD cameras); with error correction after it (DVB)."""

_IN_A_ROW, _IN_A_ROW_LATER = 5, 16
"""So many bytes of the right value at the right distance are no chance; at any place, and not only in the first packet,
more are asked for."""

_LOOKED_AT = 2 * 1024 * 1024
_FEWEST, _MOST_CLEAR = 8, 0.5
"""Packets of a track, and the share of clear ones among them, so that it counts as scrambled."""

_PAT, _NULL = 0, 0x1FFF
_HEAD, _SECTION_HEAD, _CHECKSUM, _PMT_HEAD, _STREAM_HEAD = 4, 8, 4, 4, 5
_SAMPLE_AES = {0xC1, 0xC2, 0xCF, 0xDB}
"""Stream types of tracks with encrypted samples (Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming)."""

_UNHEARD = {0x2D: "MPEG-H", 0x2E: "MPEG-H"}
"""Stream types of sound that FFmpeg does not know. It goes by the bytes then, and takes them for MP3."""


_SAMPLES, _SAMPLE_BYTES, _MOST_UNEVEN = 40, 256 * 1024, 10
"""Of the clock; and how much longer one stretch between two of them may take than the others do."""

_ADAPTED, _HAS_CLOCK = 0x20, 0x10


class _Packet(NamedTuple):
    pid: int
    begins: bool
    scrambled: bool
    payload: bytes


def is_transport_stream(head: bytes) -> bool:
    """Return whether ``head`` begins a transport stream, of packets of any of three sizes, or in the middle of one.

    Other bytes may stand before it, as FFmpeg passes over 64 KiB of them.
    """
    if head[:1] == head[_PACKET : _PACKET + 1] == bytes((_SYNC,)):
        return True
    return _layout(head) is not None


def scrambled(recording: Path) -> set[int]:
    """Return the numbers of the tracks whose packets are scrambled, or whose samples are said to be encrypted."""
    with recording.open("rb") as file:
        packets = list(_packets(file.read(_LOOKED_AT)))
    all_of = Counter(packet.pid for packet in packets)
    hidden = Counter(packet.pid for packet in packets if packet.scrambled)
    most = {
        pid
        for pid, count in hidden.items()
        if pid != _NULL and count >= _FEWEST and count > (1 - _MOST_CLEAR) * all_of[pid]
    }
    return most | {pid for pid, kind in _stream_types(packets).items() if kind in _SAMPLE_AES}


def unheard(recording: Path) -> dict[int, str]:
    """Return the numbers of the tracks with sound of a codec that FFmpeg does not know, and what it is called."""
    with recording.open("rb") as file:
        types = _stream_types(list(_packets(file.read(_LOOKED_AT))))
    return {pid: _UNHEARD[kind] for pid, kind in types.items() if kind in _UNHEARD}


def is_steady(recording: Path) -> bool:
    """Return whether the clock of the stream rises evenly from its beginning to its end, by samples of it.

    It does not where streams were put together: there, seeking by time goes astray.
    """
    size = recording.stat().st_size
    with recording.open("rb") as file:
        found: list[tuple[int, int]] = []
        for number in range(_SAMPLES):
            file.seek(number * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            pid = found[0][0] if found else None
            found += [clock for clock in _clocks(file.read(_SAMPLE_BYTES)) if pid in {None, clock[0]}][:1]
    steps = [after - before for (_, before), (_, after) in pairwise(found)]
    return len(found) == _SAMPLES and min(steps) > 0 and max(steps) < _MOST_UNEVEN * sorted(steps)[len(steps) // 2]


def _clocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the track and the ticks of each program clock reference (ISO 13818-1, 2.4.3.5)."""
    start, stride = _layout(data) or (len(data), _PACKET)
    for at in range(start, len(data) - _PACKET, stride):
        flags = int.from_bytes(data[at + 1 : at + 4])
        if flags & _ADAPTED and data[at + _HEAD] and data[at + _HEAD + 1] & _HAS_CLOCK:
            yield flags >> 8 & 0x1FFF, int.from_bytes(data[at + 6 : at + 11]) >> 7


def _layout(head: bytes) -> tuple[int, int] | None:
    """Return where the first packet starts, and how far it is to the next one."""
    for stride in _STRIDES:
        for start in range(stride):
            places = range(start, start + stride * _IN_A_ROW, stride)
            if places[-1] < len(head) and all(head[place] == _SYNC for place in places):
                return start, stride
    return _later_layout(head)


def _later_layout(head: bytes) -> tuple[int, int] | None:
    """Return the same where other bytes stand before the first packet."""
    start = head.find(_SYNC)
    while 0 <= start < len(head) - _IN_A_ROW_LATER * _PACKET:
        for stride in _STRIDES:
            places = range(start, start + stride * _IN_A_ROW_LATER, stride)
            if places[-1] < len(head) and all(head[place] == _SYNC for place in places):
                return start, stride
        start = head.find(_SYNC, start + 1)
    return None


def _packets(data: bytes) -> Iterator[_Packet]:
    layout = _layout(data)
    if layout is None:
        return
    for at in range(layout[0], len(data) - _PACKET, layout[1]):
        if data[at] != _SYNC:
            return
        flags = int.from_bytes(data[at + 1 : at + 4])
        adapted, filled = flags >> 5 & 1, flags >> 4 & 1
        start = _HEAD + (1 + data[at + _HEAD] if adapted else 0)
        payload = data[at + start : at + _PACKET] if filled and start < _PACKET else b""
        yield _Packet(flags >> 8 & 0x1FFF, bool(flags >> 22 & 1), bool(payload) and flags >> 6 & 3 != 0, payload)


def _stream_types(packets: list[_Packet]) -> dict[int, int]:
    """Return the type that a program map states of each track (ISO 13818-1, 2.4.4.9)."""
    maps = set()
    for section in _sections(packets, {_PAT}):
        maps |= {int.from_bytes(section[at + 2 : at + 4]) & 0x1FFF for at in range(0, len(section) - 3, 4)}
    found = {}
    for section in _sections(packets, maps):
        at = _PMT_HEAD + (int.from_bytes(section[2:4]) & 0xFFF)
        while at + _STREAM_HEAD <= len(section):
            found[int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF] = section[at]
            at += _STREAM_HEAD + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
    return found


def _sections(packets: list[_Packet], pids: set[int]) -> Iterator[bytes]:
    """Yield the bodies of tables that begin in these packets and end in them."""
    for packet in packets:
        if packet.pid in pids and packet.begins and packet.payload:
            section = packet.payload[1 + packet.payload[0] :]
            length = int.from_bytes(section[1:3]) & 0xFFF
            yield section[_SECTION_HEAD : 3 + length - _CHECKSUM]
