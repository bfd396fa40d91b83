"""Photos and animated pictures, which people send too: named as what they are, and never opened."""

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

_SEQUENCES = {b"avis": "AVIF", b"hevc": "HEIC", b"hevx": "HEIC", b"msf1": "HEIF"}
"""Brands of files with a track of pictures (ISO 23008-12, 7.3), whose index is near the beginning. FFmpeg takes the one
that is shown before it is played for the track."""

_LOOPED = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_GIF_HEAD, _GIF_IMAGE, _GIF_TABLE = 13, 10, 0x80
_WEBP_ANIMATED = 0x02

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


def animation_of(head: bytes) -> str | None:
    """Return what kind of animated picture begins with ``head``; None if it is none."""
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20:21] and head[20] & _WEBP_ANIMATED:
        return "WebP"
    if head[:4] == b"\x89PNG" and b"acTL" in head[: max(head.find(b"IDAT"), 0)]:
        return "APNG"
    if head[4:8] == b"ftyp" and b"moov" in head:
        return _SEQUENCES.get(head[8:12])
    return "GIF" if head[:3] == b"GIF" and _has_more_images(head) else None


def _has_more_images(head: bytes) -> bool:
    """Return whether a GIF file has more than one image, or, where the first is too large to tell, is said to loop."""
    at, images = _after_table(head, 10, _GIF_HEAD), 0
    while at < len(head):
        if head[at] == ord(","):
            images += 1
            at = _after_table(head, at + 9, at + _GIF_IMAGE) + 1
        elif head[at] == ord("!"):
            at += 2
        else:
            return images > 1
        while at < len(head) and head[at]:
            at += head[at] + 1
        at += 1
        if images > 1:
            return True
    return any(mark in head for mark in _LOOPED)


def _after_table(head: bytes, flags: int, at: int) -> int:
    """Return where a GIF file goes on behind a table of colours, if the byte at ``flags`` says that there is one."""
    has = head[flags] if flags < len(head) else 0
    return at + (3 << (has & 7) + 1 if has & _GIF_TABLE else 0)


def _by_brand(head: bytes) -> str | None:
    """Return the same of an ISO file: by its brand, or where that is unknown, by those that it is compatible with."""
    main, others = head[8:12], head[16 : min(int.from_bytes(head[:4]), _LONGEST_BRANDS)]
    compatible = [others[at : at + 4] for at in range(0, len(others) - 3, 4)]
    if main in _HEIF or any(brand[:3] in _MOVIES for brand in (main, *compatible)):
        return _HEIF.get(main)
    return next((_HEIF[brand] for brand in compatible if brand in _HEIF), None)
