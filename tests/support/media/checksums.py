"""The checksum that Ogg pages and the tables of transport streams carry."""

from __future__ import annotations

_POLYNOMIAL = 0x04C11DB7


def checksum(content: bytes | bytearray, start: int) -> int:
    """Return it from 0 on for Ogg (RFC 3533, 6), from all ones on for a table (ISO 13818-1, annex A)."""
    value = start
    for byte in content:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value >> 31 else 0)) & 0xFFFFFFFF
    return value
