"""Pages of Ogg files (RFC 3533, 6): where the first one stands."""

from __future__ import annotations

MAGIC = b"OggS"
HEAD, BEGINS = 27, 0x02
"""Bytes of a page before its table; and in its flags: a track begins with it. All tracks of a part begin before
anything else in it."""

_VERSION, _FLAGS, _SEGMENTS = 4, 5, 26


def first_page(data: bytes) -> int | None:
    """Return where a track begins in ``data``, with which a page ends there or another one follows; None if nowhere."""
    at = data.find(MAGIC)
    while at >= 0:
        if _begins(data, at):
            return at
        at = data.find(MAGIC, at + 1)
    return None


def page_bytes(head: bytes) -> int:
    """Return the length of the page that begins with ``head``, which holds its table too."""
    count = head[_SEGMENTS]
    return HEAD + count + sum(head[HEAD : HEAD + count])


def _begins(data: bytes, at: int) -> bool:
    page = data[at:]
    if len(page) < HEAD or page[_VERSION] or not page[_FLAGS] & BEGINS:
        return False
    follows = page[page_bytes(page) :][: len(MAGIC)]
    return MAGIC.startswith(follows)
