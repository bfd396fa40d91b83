"""The labels of a file, of every container that is read, and what follows from them: facts, and no evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from analyzer_contract import Finding
from analyzer_kit.media.front import Front
from analyzer_kit.provenance.marks import MARKS, Mark
from analyzer_kit.provenance.statements import clean
from analyzer_kit.provenance.store import Place, xmp_of

LIMITATION = "Labels can be written and removed by anybody, and every messenger encodes again: they are no evidence."

_HEAD_BYTES = 4096
_X26X = re.compile(rb"x26[45] (?:- core|\(build) ?\d+")
"""The encoders x264 and x265 sign the first frame (an unregistered SEI message)."""

_VENDOR = re.compile(rb"OpusTags(.{4})", re.DOTALL)
_SOURCE_TYPE = re.compile(rb"DigitalSourceType\b.{0,300}?digitalsourcetype/(\w{1,60})", re.DOTALL | re.IGNORECASE)
_AIGC = re.compile(rb"TC260:AIGC\b(.{0,2000})", re.DOTALL)
"""In XMP: the IPTC's property, and that of GB 45438-2025."""

_PATTERNS = {mark.pattern: re.compile(mark.pattern, re.IGNORECASE) for mark in MARKS}
"""Compiled before a child is forked: all of them take 12 ms, as much as reading most files."""

_SAYS = {
    "DeclaredLabel": "{strength} declares it generated: {name}",
    "GeneratorTag": "A label names a program that makes voices or pictures ({strength}): {value!r}",
    "EditingSoftware": "A label names a program for editing ({strength}): {value!r}",
    "MessengerTrace": "It was a message of {name}, which encodes what it sends",
    "SoftwareEncoder": "It was encoded by software ({value}), as messengers and converters do",
}


class Label(NamedTuple):
    """One label of a file, or of a track in it; the name in small letters."""

    name: str
    value: str


def findings_on(recording: Path, front: Front, places: Sequence[Place], seconds: float) -> list[Finding]:
    """Return a fact for each kind of mark that a file carries.

    Args:
        recording: the file.
        front: of it.
        places: of it, as :func:`places_of` returns them.
        seconds: its length.
    """
    labels = list(_labels(recording, front, places))
    end = round(seconds, 3)
    return [
        Finding(kind=mark.kind, start_seconds=0, end_seconds=end, score=0, message=_message(mark, label))
        for mark, label in _first_of_each_kind(labels)
    ]


def _first_of_each_kind(labels: Iterable[Label]) -> Iterator[tuple[Mark, Label]]:
    told: set[str] = set()
    for mark in MARKS:
        label = next((label for label in labels if _fits(mark, label)), None)
        if label is not None and mark.kind not in told:
            told.add(mark.kind)
            yield mark, label


def _fits(mark: Mark, label: Label) -> bool:
    return (not mark.keys or label.name in mark.keys) and bool(_PATTERNS[mark.pattern].search(label.value))


def _message(mark: Mark, label: Label) -> str:
    said = _SAYS[mark.kind].format(name=mark.name, strength=mark.strength, value=clean(label.value))
    return f"{said[0].upper()}{said[1:]}."[:300]


def _labels(recording: Path, front: Front, places: Sequence[Place]) -> Iterator[Label]:
    yield from _signatures(front)
    yield from (Label(*label) for label in front.labels)
    xmp = xmp_of(recording, places)
    if found := _SOURCE_TYPE.search(xmp):
        yield Label("digitalsourcetype", found[1].decode("ascii", "replace"))
    if found := _AIGC.search(xmp):
        yield Label("aigc", found[1].decode("utf-8", "replace"))
    yield from _vendors(recording)


def _signatures(front: Front) -> Iterator[Label]:
    """Yield what the encoder of the picture wrote into its first frame; rewriting the container leaves it."""
    head = front.heads.get(front.picture) if front.picture is not None else None
    match = _X26X.search(head.content) if head else None
    if match:
        yield Label("encoder", match.group().decode("ascii"))


def _vendors(recording: Path) -> Iterator[Label]:
    """Yield who wrote the comments of an Ogg Opus file (RFC 7845, 5.2), which FFmpeg does not tell."""
    with recording.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    found = _VENDOR.search(head) if head.startswith(b"OggS") else None
    if found:
        vendor = head[found.end() : found.end() + int.from_bytes(found[1], "little")]
        yield Label("vendor", vendor.decode("utf-8", "replace"))
