"""Packs content credentials as C2PA allows it: Brotli (RFC 7932), also a few bytes that unpack to very many."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = struct.Struct(">I4s")
_PACKED_KIND = b"c2cm" + bytes.fromhex("00110010800000aa00389b71")
_MUCH = bytes.fromhex(
    "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f011087"
    "0500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffcbffff3f"
    "fc1300715800a07bff07"
)
"""64 MiB of zeros by Brotli, with its largest ordinary window."""

_WINDOW, _WINDOW_BITS = 0b1011, 4
_MOST_STORED = 1 << 16


def pack(signed: Path, target: Path, *, with_much: bool) -> Path:
    """Write a copy of a signed WAV file whose credentials are packed; what they were bound to has moved.

    Args:
        signed: a file whose credentials come last.
        target: is written.
        with_much: let 64 MiB of zeros follow in what is unpacked.
    """
    content = signed.read_bytes()
    start = content.index(b"C2PA") + 8
    name, manifest = _children(content[start:])
    label = _children(manifest)[0]
    label = _box(b"jumd", _PACKED_KIND + label[_HEAD.size + len(_PACKED_KIND) :])
    packed = _box(b"jumb", label + _box(b"brob", _brotli(manifest, with_much=with_much)))
    store = _box(b"jumb", name + packed)
    made = content[: start - 4] + struct.pack("<I", len(store)) + store + bytes(len(store) % 2)
    target.write_bytes(made[:4] + struct.pack("<I", len(made) - 8) + made[8:])
    return target


def _children(box: bytes) -> list[bytes]:
    """Return the first two boxes in a box."""
    first = _HEAD.unpack_from(box, _HEAD.size)[0]
    second = _HEAD.unpack_from(box, _HEAD.size + first)[0]
    return [box[_HEAD.size :][:first], box[_HEAD.size + first :][:second]]


def _box(name: bytes, content: bytes) -> bytes:
    return _HEAD.pack(_HEAD.size + len(content), name) + content


def _brotli(content: bytes, *, with_much: bool) -> bytes:
    """Return a stream that stores ``content`` as it is; then nothing more, or very much."""
    assert len(content) <= _MOST_STORED
    stored = (
        _WINDOW | (len(content) - 1) << _WINDOW_BITS + 3 | 1 << _WINDOW_BITS + 19
    )  # not the last; 16 bits; as it is
    rest = int.from_bytes(_MUCH, "little") >> _WINDOW_BITS if with_much else 0b11  # the last, and empty
    return stored.to_bytes(3, "little") + content + rest.to_bytes(len(_MUCH) if with_much else 1, "little")
