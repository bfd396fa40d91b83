"""Photos, which people send too: named as what they are, and never opened."""

from __future__ import annotations

_BY_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"FUJIFILMCCD-RAW", "RAW"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL \r\n\x87\n", "JPEG XL"),
    (4, b"jP  \r\n\x87\n", "JPEG 2000"),
)
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
"""Lengths of the header after that of a BMP file: its magic, BM, alone says little."""

_HEIF = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"mif2", b"msf1", b"miaf", b"MiHE", b"jpeg", b"avci", b"avcs"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis", b"MA1A", b"MA1B"), "AVIF"),
    b"crx ": "RAW",
}
"""Brands of ISO 23008-12 (and Canon's), by what people call the file."""


def photo_of(head: bytes) -> str | None:
    """Return what kind of photo begins with ``head``; None if it is none."""
    for offset, magic, name in _BY_MAGIC:
        if head[offset : offset + len(magic)] == magic and (name != "WebP" or head[:4] == b"RIFF"):
            return name
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "BMP"
    return _HEIF.get(head[8:12]) if head[4:8] == b"ftyp" else None
