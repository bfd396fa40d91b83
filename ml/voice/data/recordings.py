"""Clips of recorded voices out of packages, series by series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml.common.packages import DataMissing, recordings
from ml.voice.data.series import Series
from ml.voice.data.sound import RATE, Sound, cut, decode, join, rng, trim

_SHORTEST, _LONGEST = 2.0, 8.0  # s of a clip
_WORDS = 4.5  # s of joined words, at least


@dataclass(frozen=True)
class Take:
    """One clip of a series: the sound, at 16 kHz, cut to its active part."""

    series: Series
    index: int
    sound: Sound


def takes(series: Series, seed: int | str) -> Iterator[Take]:
    """Yield the clips of a series: drawn by the seed, cut to their active part, of 2 to 8 s.

    Words are joined to 4.5 s, each with up to 0.1 s of the sound around it in its file.

    Raises:
        DataMissing: the package cannot be downloaded, or none of its recordings is long enough.
    """
    files = sorted(path for path in recordings(series.package).glob(series.pattern) if path.is_file())
    order = [files[i] for i in rng(seed, series.name).permutation(len(files))]
    pool = _words(order) if series.style == "words" else _sentences(order, series.long)
    count = 0
    for index, sound in zip(range(series.clips), pool, strict=False):
        count += 1
        yield Take(series, index, sound)
    if not count:
        raise DataMissing(f"{series.name}: no recording of {series.package} is long enough")


def _sentences(files: list[Path], long: bool) -> Iterator[Sound]:
    for path in files:
        sound = trim(decode(path))
        if long:
            yield from cut(sound, _SHORTEST, _LONGEST)
        elif len(sound) >= _SHORTEST * RATE:
            yield sound[: round(_LONGEST * RATE)]


def _words(files: list[Path]) -> Iterator[Sound]:
    pieces: list[Sound] = []
    for path in files:
        pieces.append(trim(decode(path)))
        if sum(map(len, pieces)) >= _WORDS * RATE:
            yield join(pieces)[: round(_LONGEST * RATE)]
            pieces = []
