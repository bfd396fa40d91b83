"""Encrypted recordings are named as that, per track, and what only looks encrypted is analysed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_contract import FailureKind, FailureReason
from analyzer_kit.media import encryption
from tests.support.media.reading import hear, refusal, see
from tests.support.media.samples import ffmpeg

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=3")
SOUND = ("-f", "lavfi", "-i", "sine=duration=3:sample_rate=16000")
BOTH = (*PICTURE, *SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", "-c:a", "aac")
LOCKED = (
    *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
    *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
)
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def encrypted(recording: Path, of: str) -> bool:
    refused = refusal(recording, of)
    assert refused.kind is FailureKind.MEDIA
    assert "encrypted" in refused.message
    return refused.reason is FailureReason.ENCRYPTED_MEDIA


@pytest.mark.parametrize("of", ["sound", "picture"])
@pytest.mark.parametrize("how", [(), FRAGMENTS], ids=["whole", "fragments"])
def test_common_encryption_is_named(tmp_path: Path, of: str, how: tuple[str, ...]) -> None:
    clip = tmp_path / "clip.mp4"
    ffmpeg(*BOTH, *LOCKED, *how, str(clip))
    assert encrypted(clip, of)
    # another scheme is encrypted too
    for scheme in (b"cbcs", b"cbc1", b"cens", b"piff"):
        clip.write_bytes(clip.read_bytes().replace(b"schm\0\0\0\0cenc", b"schm\0\0\0\0" + scheme))
        assert encrypted(clip, of)


def test_a_clear_track_beside_an_encrypted_one_is_analysed(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.mp4"
    ffmpeg(*BOTH, str(mixed))
    mixed.write_bytes(mixed.read_bytes().replace(b"avc1\0\0\0\0\0\0\0\1", b"encv\0\0\0\0\0\0\0\1"))
    assert encrypted(mixed, "picture")
    assert hear(mixed)[0].facts.duration_seconds == pytest.approx(3, abs=0.2)


def test_boxes_of_a_player_without_any_encryption_are_passed_over(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    ffmpeg(*BOTH, str(clip))
    clip.write_bytes(clip.read_bytes() + box(b"pssh", bytes(4) + bytes(range(16)) + bytes(4)))
    assert see(clip).facts.duration_seconds == pytest.approx(3, abs=0.2)
    assert hear(clip)[0].facts.duration_seconds == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("entry", [b"drms", b"aavd"])
def test_a_shops_protection_is_named(tmp_path: Path, entry: bytes) -> None:
    ffmpeg(*SOUND, "-c:a", "aac", str(tmp_path / "book.m4a"))
    data = (tmp_path / "book.m4a").read_bytes()
    (tmp_path / "book.m4a").write_bytes(data.replace(b"mp4a\0\0\0\0\0\0\0\1", entry + b"\0\0\0\0\0\0\0\1"))
    assert encrypted(tmp_path / "book.m4a", "sound")


def element(number: int, body: bytes) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8) + (0x10000000 | len(body)).to_bytes(4) + body


def matroska(source: bytes, *, kind: int) -> bytes:
    """Return a file with an encoding in each of its track entries, which may be of unknown sizes around them."""
    encodings = element(0x6D80, element(0x6240, element(0x5033, bytes([kind])) + encoding(kind)))
    named = b"\x16\x54\xae\x6b"
    body, at = b"", source.index(named, source.index(named) + 4)  # the first one only says where they are
    tracks = source[at:]
    size, length = number_at(tracks, 4)
    start = 4 + length
    end = start + size
    while start < end:
        entry, width = number_at(tracks, start + 1)
        content = tracks[start + 1 + width : start + 1 + width + entry]
        body += element(0xAE, content + encodings) if tracks[start] == 0xAE else b""
        start += 1 + width + entry
    out = source[:at] + element(0x1654AE6B, body) + tracks[end:]
    place = out.index(b"\x18\x53\x80\x67") + 4
    return out[:place] + b"\x01" + b"\xff" * 7 + out[place + 8 :]


def encoding(kind: int) -> bytes:
    if kind == 1:
        return element(0x5035, element(0x47E1, b"\x05") + element(0x47E2, bytes(range(16))))
    return element(0x5034, element(0x4254, b"\x03") + element(0x4255, b""))


def number_at(data: bytes, at: int) -> tuple[int, int]:
    length = 9 - data[at].bit_length()
    return int.from_bytes(data[at : at + length]) & ((1 << 7 * length) - 1), length


@pytest.mark.parametrize("of", ["sound", "picture"])
def test_encryption_of_matroska_is_named_and_its_compression_is_none(tmp_path: Path, of: str) -> None:
    ffmpeg(*BOTH, str(tmp_path / "clip.mkv"))
    clear = (tmp_path / "clip.mkv").read_bytes()
    (tmp_path / "locked.mkv").write_bytes(matroska(clear, kind=1))
    assert encrypted(tmp_path / "locked.mkv", of)
    (tmp_path / "stripped.mkv").write_bytes(matroska(clear, kind=0))
    reader = hear(tmp_path / "stripped.mkv")[0] if of == "sound" else see(tmp_path / "stripped.mkv")
    assert reader.facts.duration_seconds == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("of", ["sound", "picture"])
def test_a_scrambled_transport_stream_is_named(tmp_path: Path, of: str) -> None:
    ffmpeg(*BOTH, str(tmp_path / "clip.ts"))
    data = bytearray((tmp_path / "clip.ts").read_bytes())
    for at in range(0, len(data), 188):
        if (int.from_bytes(data[at + 1 : at + 3]) & 0x1FFF) in {0x100, 0x101}:
            data[at + 3] |= 0x80
    (tmp_path / "clip.ts").write_bytes(bytes(data))
    assert encrypted(tmp_path / "clip.ts", of)


@pytest.mark.parametrize(("of", "clear", "locked"), [("picture", 0x1B, 0xDB), ("sound", 0x0F, 0xCF)])
def test_encrypted_samples_of_http_live_streaming_are_named(tmp_path: Path, of: str, clear: int, locked: int) -> None:
    ffmpeg(*BOTH, str(tmp_path / "clip.ts"))
    data = bytearray((tmp_path / "clip.ts").read_bytes())
    pid = {0x1B: 0x100, 0x0F: 0x101}[clear]
    entry = bytes([clear]) + (0xE000 | pid).to_bytes(2)
    while (at := data.find(entry)) >= 0:
        data[at] = locked
    (tmp_path / "clip.ts").write_bytes(bytes(data))
    assert encrypted(tmp_path / "clip.ts", of)
    other = see(tmp_path / "clip.ts") if of == "sound" else hear(tmp_path / "clip.ts")[0]
    assert other.facts.duration_seconds == pytest.approx(3, abs=0.3)


@given(content=st.binary(max_size=400))
@settings(deadline=None)
def test_damaged_descriptions_are_no_encryption_and_no_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "description"
    sync = b"".join(b"G" + content[at : at + 187].ljust(187, b"\0") for at in range(0, 400, 187)) * 4
    for demuxer, data in (
        ("mov", box(b"moov", box(b"trak", content))),
        ("matroska", b"\x1a\x45\xdf\xa3\x80" + element(0x18538067, element(0x1654AE6B, content))),
        ("mpegts", sync),
        ("wav", content),
    ):
        path.write_bytes(data)
        assert encryption.encrypted_tracks(path, demuxer) is not None
