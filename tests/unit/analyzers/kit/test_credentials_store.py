"""Where credentials lie in a file: only plain stores of an honest size are read, and texts are made harmless."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from analyzer_kit.provenance import store
from analyzer_kit.provenance.statements import clean


def tag(*frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    content = b"".join(frames)
    size = bytes(len(content) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + size + content


def frame(content: bytes, flags: int = 0) -> bytes:
    return b"GEOB" + bytes(len(content) >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes([0, flags]) + content


C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
STORE = b"\0application/c2pa\0\0\0store"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (tag(frame(STORE)), ""),
        (tag(frame(b"\0\0\x10\0packed"), frame(STORE, 0x08)), "unusualTag"),
        (tag(frame(b"x"), frame(STORE), flags=0x80), "unusualTag"),
        (tag(frame(STORE), version=2), "unusualTag"),
        (tag(frame(STORE))[:-4], "cutShort"),
        (b"RIFF\0\0\0\0WAVEC2PA\xff\xff\xff\x7f", "cutShort"),
        (struct.pack(">I4sI", 8, b"ftyp", 60) + b"uuid" + C2PA_BOX, "cutShort"),
    ],
)
def test_only_plain_stores_of_an_honest_size_are_read(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    found = store.store_of(tmp_path / "file", store.places_of(tmp_path / "file"))
    assert found is not None
    assert found.problem == problem


@pytest.mark.parametrize("before", [0, 256 * 1024 - 10, 256 * 1024 + 7, 3_000_000])
def test_a_store_behind_a_large_picture_in_a_tag_is_found(before: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(tag(frame(bytes(before)), frame(STORE)))
    assert store.store_of(tmp_path / "file", []) == store.Store()


@pytest.mark.parametrize(("text", "cleaned"), [("a\u202eb\x00c", "abc"), ("x" * 300, "x" * 100), ([1], ""), (None, "")])
def test_texts_from_a_file_are_harmless(text: object, cleaned: str) -> None:
    assert clean(text) == cleaned
