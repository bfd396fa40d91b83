"""Published recordings and demonstrations of speech synthesis: a folder with a manifest, beside the packages.

The folder is ``SILVER_GUARDIAN_SPEECH``, else ``../shared/speech`` beside the checkout. It holds FLAC files, of
5 s at most, and ``manifest.csv``, which names system, lineage, repository, commit, path and licence of each. Nothing of
it is in this repository. Training and evaluation run without it, and say what they leave out.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.common.packages import DataMissing
from ml.common.paths import repo_root
from ml.voice.data import people
from ml.voice.data.sound import Sound, decode

ENVIRONMENT: Final = "SILVER_GUARDIAN_SPEECH"
FOLDS: Final = 3
NARROW_HZ: Final = 8000
"""Sample rate of telephone speech."""


@dataclass(frozen=True)
class Clip:
    """One published clip.

    Attributes:
        path: the file.
        name: in the manifest.
        synthetic: False: a recording of a person.
        family: the system; empty for recordings.
        kind: of system: ``tts``, ``vc``, ``vocoder-copy``, ``codec``; of recording: ``audiobook``, ``telephone`` …
        lineage: decoder or vocoder, where known.
        language: as the source states it.
        speaker: of a recording, one name for one person in all sources, empty if no source names anybody; of a
            synthetic clip, what the source says.
        repository: owner and name.
        coder: of the file in the repository.
        rate: sample rate there, in Hz.
    """

    path: Path
    name: str
    synthetic: bool
    family: str
    kind: str
    lineage: str
    language: str
    speaker: str
    repository: str
    coder: str
    rate: int

    @property
    def narrow(self) -> bool:
        """Whether the source had no more than a telephone's band."""
        return self.rate <= NARROW_HZ

    @property
    def person(self) -> str:
        """The speaker, or the clip itself if no source names one."""
        return self.speaker or f"{self.repository}:{self.name}"


def folder() -> Path:
    """Return where the published speech is, or would be."""
    return Path(os.environ.get(ENVIRONMENT) or repo_root().parent / "shared/speech")


def clips(home: Path) -> list[Clip]:
    """Return the clips of a folder, in the manifest's order.

    Raises:
        DataMissing: there is no manifest, or a file that it names is not there.
    """
    try:
        with (home / "manifest.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DataMissing(
            f"no published speech: {home} has no manifest.csv (or name the folder in {ENVIRONMENT})"
        ) from error
    found = [
        Clip(
            path=home / row["file"],
            name=row["file"],
            synthetic=row["label"] == "spoof",
            family=row["family"] if row["label"] == "spoof" else "",
            kind=row["kind"],
            lineage=row["lineage"],
            language=row["language"],
            speaker=row["speaker"] if row["label"] == "spoof" else people.name(row["speaker"], row["path"]),
            repository=row["repository"],
            coder=row["source_codec"],
            rate=int(row["source_rate"]),
        )
        for row in rows
    ]
    if missing := [clip.name for clip in found if not clip.path.is_file()]:
        raise DataMissing(f"{home} lacks {len(missing)} files of its manifest, {missing[0]} among them")
    return found


def wide(found: Sequence[Clip]) -> list[Clip]:
    """Return the clips that are no telephone speech: those that networks learn from and are measured on, by fold."""
    return [clip for clip in found if not clip.narrow]


def load(clip: Clip) -> Sound:
    """Return a clip's sound: mono, 16 kHz."""
    return decode(clip.path)


def digest(found: Sequence[Clip]) -> str:
    """Return a sha256 over the names of the clips; each name is made from its content."""
    return hashlib.sha256("\n".join(sorted(clip.name for clip in found)).encode()).hexdigest()


def folds(found: Sequence[Clip]) -> list[int]:
    """Return the fold of each clip, from 0 on: a repository is in one, and both classes are spread alike.

    Repositories are dealt out from the largest on, each to the fold that has least of what it brings.
    """
    sizes = Counter(clip.repository for clip in found)
    totals = [sum(clip.synthetic is label for clip in found) or 1 for label in (True, False)]
    filled = [[0.0, 0.0] for _ in range(FOLDS)]
    fold_of: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        brings = [
            sum(clip.repository == name and clip.synthetic is label for clip in found) / total
            for label, total in zip((True, False), totals, strict=True)
        ]
        best = min(range(FOLDS), key=lambda fold: sum((a + b) ** 2 for a, b in zip(filled[fold], brings, strict=True)))
        fold_of[name] = best
        filled[best] = [a + b for a, b in zip(filled[best], brings, strict=True)]
    return [fold_of[clip.repository] for clip in found]


def learners(found: Sequence[Clip], fold_of: Sequence[int], fold: int) -> list[int]:
    """Return which clips a network may learn from that is measured on a fold.

    Left out are its repositories, its systems wherever they come from, those that share a decoder or a vocoder with one
    of them, and its speakers.
    """
    held = [clip for clip, of in zip(found, fold_of, strict=True) if of == fold]
    systems = {clip.family for clip in held if clip.synthetic}
    lineages = {clip.lineage for clip in held if clip.synthetic}
    people = {clip.speaker for clip in held if not clip.synthetic and clip.speaker}
    return [
        index
        for index, (clip, of) in enumerate(zip(found, fold_of, strict=True))
        if of != fold
        and clip.family not in systems - {""}
        and not (clip.synthetic and clip.lineage in lineages - {""})
        and (clip.synthetic or clip.speaker not in people)
    ]
