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

_MOVIES, _LONGEST_BRANDS = {b"iso", b"mp4", b"avc", b"qt ", b"3gp", b"M4A", b"M4V"}, 256
"""The beginnings of brands of moving pictures and sound: with one of them a file may hold both."""


def photo_of(head: bytes) -> str | None:
    """Return what kind of photo begins with ``head``; None if it is none."""
    for offset, magic, name in _BY_MAGIC:
        if head[offset : offset + len(magic)] == magic and (name != "WebP" or head[:4] == b"RIFF"):
            return name
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "BMP"
    return _by_brand(head) if head[4:8] == b"ftyp" else None


def _by_brand(head: bytes) -> str | None:
    """Return the same of an ISO file: by its brand, or where that is unknown, by those that it is compatible with."""
    main, others = head[8:12], head[16 : min(int.from_bytes(head[:4]), _LONGEST_BRANDS)]
    compatible = [others[at : at + 4] for at in range(0, len(others) - 3, 4)]
    if main in _HEIF or any(brand[:3] in _MOVIES for brand in (main, *compatible)):
        return _HEIF.get(main)
    return next((_HEIF[brand] for brand in compatible if brand in _HEIF), None)
