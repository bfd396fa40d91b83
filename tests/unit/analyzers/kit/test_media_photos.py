"""Photos and animated pictures are named as what they are."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from analyzer_contract import FailureReason
from analyzer_kit.media.photos import animation_of, photo_of
from tests.support.media.reading import refusal


def drawn(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 30)).save(file, kind)
    return file.getvalue()


def is_named(content: bytes, name: str, place: Path) -> None:
    """Check that a picture is refused as what it is, whether sound or a picture is asked for."""
    place.write_bytes(content)
    for of in ("sound", "picture"):
        refused = refusal(place, of)
        assert refused.reason is FailureReason.UNSUPPORTED_MEDIA
        assert f"This is {name}" in refused.message


def brand(name: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + name + b"\x00\x00\x00\x00mif1" + name + b"\x00\x00\x00\x20meta" + bytes(2000)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        *((drawn(kind), kind) for kind in ("JPEG", "PNG", "GIF", "TIFF", "BMP")),
        (drawn("WEBP"), "WebP"),
        (brand(b"heic"), "HEIC"),
        (brand(b"heix"), "HEIC"),
        (brand(b"hevc"), "HEIC"),
        (brand(b"mif1"), "HEIF"),
        (brand(b"avif"), "AVIF"),
        (brand(b"avis"), "AVIF"),
        (brand(b"crx "), "RAW"),
        (brand(b"heic").replace(b"ftypheic", b"ftyp1234"), "HEIF"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(500), "JPEG XL"),
    ],
)
def test_a_photo_is_named_as_one(tmp_path: Path, content: bytes, name: str) -> None:
    is_named(content, f"a photo ({name})", tmp_path / "photo")


def animated(kind: str, images: int, *, large: bool = False) -> bytes:
    file = io.BytesIO()
    noise = random.Random(1).randbytes(300 * 300 * 3)
    shots = [
        Image.frombytes("RGB", (300, 300), noise) if large else Image.new("RGB", (40, 30), (90, 80 * number, 30))
        for number in range(images)
    ]
    shots[0].save(file, kind, save_all=True, append_images=shots[1:], loop=0)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (animated("GIF", 3), "GIF"),
        (animated("GIF", 2, large=True), "GIF"),
        (animated("PNG", 3), "APNG"),
        (animated("WEBP", 3), "WebP"),
        (brand(b"avis") + b"\x00\x00\x00\x20moov" + bytes(24), "AVIF"),
        (brand(b"hevc") + b"\x00\x00\x00\x20moov" + bytes(24), "HEIC"),
    ],
)
def test_an_animated_picture_is_not_called_a_photo(tmp_path: Path, content: bytes, name: str) -> None:
    is_named(content, f"an animated picture ({name})", tmp_path / "picture")


@given(head=st.binary(max_size=300), start=st.sampled_from([b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X"]))
def test_any_bytes_after_the_name_of_a_picture_are_a_photo_or_animated(head: bytes, start: bytes) -> None:
    assert photo_of(start + head)
    assert animation_of(start + head) in {None, "GIF", "APNG", "WebP"}
