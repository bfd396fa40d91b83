"""A recording as FFmpeg reads it."""

from __future__ import annotations

from os import SEEK_CUR, SEEK_END, SEEK_SET
from pathlib import Path

from analyzer_kit.media.source import Source


def test_places_are_counted_and_the_file_is_moved_where_something_is_read(tmp_path: Path) -> None:
    (tmp_path / "recording").write_bytes(b"0123456789")
    with Source(tmp_path / "recording") as source:
        assert source.seek(-1, SEEK_END) == 9
        assert source.seek(2, SEEK_SET) == 2
        assert source.read(3) == b"234"
        assert source.seek(-2, SEEK_CUR) == source.tell() == 3
        assert source.read(100) == b"3456789"
        assert source.read(1) == b""
        assert source.seek(-1, SEEK_SET) == -1
        assert source.tell() == 10
        assert source.seek(2**62, SEEK_SET) == 2**62
        assert source.read(5) == b""


def test_a_zero_is_given_where_a_byte_is_missing(tmp_path: Path) -> None:
    (tmp_path / "recording").write_bytes(b"abcdef")
    with Source(tmp_path / "recording", [2, 2, 5]) as source:
        content = b"".join(iter(lambda: source.read(100), b""))
        assert content == b"ab\0\0cde\0f"
        assert source.seek(-2, SEEK_END) == 7
        assert source.read(1) + source.read(5) == b"\0f"
