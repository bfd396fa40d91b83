"""Packets by which a telephone network marks a pause in speech: they hold no sound, and are no damage either."""

from __future__ import annotations

from typing import Any

from av.packet import Packet

_FIRST_WITHOUT_SPEECH = {"amrnb": 8, "amrwb": 9}
"""Frame types from here on are comfort noise (SID), lost speech, or no data (3GPP TS 26.101 and 26.201). FFmpeg decodes
none of them to sound: comfort noise is refused as not implemented, and no data becomes an error or exact zeros."""


def is_pause(codec: str, packet: Packet[Any]) -> bool:
    """Return whether a packet of a codec with discontinuous transmission (DTX) stands for a pause.

    Args:
        codec: FFmpeg's name of the decoder.
        packet: of a stream that it decodes.
    """
    first = _FIRST_WITHOUT_SPEECH.get(codec)
    return first is not None and packet.size > 0 and (bytes(packet)[0] >> 3 & 0x0F) >= first
