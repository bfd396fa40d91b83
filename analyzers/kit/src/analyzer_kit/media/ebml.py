"""The elements of Matroska and WebM files (RFC 8794, RFC 9559), read without trusting any size in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SEGMENT, CLUSTER, TRACKS = 0x18538067, 0x1F43B675, 0x1654AE6B
_MOST_ELEMENTS = 100_000
"""At one level: a recording with a cluster for each second has 7,200 in two hours."""

_MOST_ID, _MOST_SIZE = 4, 8
_HEAD = _MOST_ID + _MOST_SIZE


class Element(NamedTuple):
    """One element: its number, and where its content starts and ends; no end is stated for what is written live."""

    number: int
    start: int
    end: int | None


def elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """Yield the elements that begin between two places, as far as they make sense; one of unknown end is the last."""
    at = start
    for _ in range(_MOST_ELEMENTS):
        if at >= end:
            return
        file.seek(at)
        element = _element(file.read(_HEAD), at)
        if element is None:
            return
        yield element
        if element.end is None:
            return
        at = element.end


def within(file: BinaryIO, size: int, *path: int) -> Iterator[Element]:
    """Yield the elements of a file of that size that lie under these numbers, one within the other."""
    yield from children(file, Element(0, 0, size), size, *path)


def children(file: BinaryIO, parent: Element, size: int, *path: int) -> Iterator[Element]:
    """Yield the elements that lie under these numbers in ``parent``."""
    number, *rest = path
    end = size if parent.end is None else min(parent.end, size)
    for element in elements(file, parent.start, end):
        if element.number == number:
            yield from children(file, element, size, *rest) if rest else (element,)
        elif element.number == CLUSTER:
            return  # what describes the recording comes before it


def _element(head: bytes, at: int) -> Element | None:
    number, id_length = _number(head, 0, _MOST_ID)
    size, size_length = _number(head, id_length, _MOST_SIZE)
    if not id_length or not size_length:
        return None
    start = at + id_length + size_length
    unknown = size == (1 << 7 * size_length) - 1
    identity = number | 1 << 7 * id_length  # an ID keeps its length marker
    return Element(identity, start, None if unknown else start + size)


def _number(data: bytes, at: int, longest: int) -> tuple[int, int]:
    """Return a number of variable length and its length in bytes, which is 0 where there is none."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if not first or length > longest or at + length > len(data):
        return 0, 0
    return int.from_bytes(data[at : at + length]) & ((1 << 7 * length) - 1), length
