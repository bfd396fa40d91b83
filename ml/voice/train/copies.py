"""Copies of the published speech for training: as it is, and through coders, rooms and noise.

Both classes go through the same chain (:mod:`ml.voice.train.augmentation`): coders differ by class in the sources,
and a network that learns from the files as they are learns the coders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.common.packages import folder as cache
from ml.voice.data import published
from ml.voice.data.sound import RATE, Sound, rng
from ml.voice.train import augmentation

VARIANTS: Final = 3
"""The clip itself, and two copies."""
SAMPLES: Final = 5 * RATE
_PACKAGED: Final = 0.5
"""Share of the copies, of both classes, that a coder of packages takes first."""

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Copies:
    """One variant of each clip.

    Attributes:
        samples: 16 bits at 16 kHz, ``[clips, 5 s]``, with zeros after the end.
        lengths: in samples.
    """

    samples: Pcm
    lengths: npt.NDArray[np.int64]

    def of(self, index: int) -> Pcm:
        """Return the sound of a clip."""
        return self.samples[index, : max(int(self.lengths[index]), 1)]


def made(found: Sequence[published.Clip], seed: int) -> list[Copies]:
    """Return the variants of the clips, the clips themselves first; make those that are not in the cache."""
    return [_variant(found, number, seed) for number in range(VARIANTS)]


def _variant(found: Sequence[published.Clip], number: int, seed: int) -> Copies:
    path = cache() / "published" / f"copies-{seed}-{number}-{published.digest(found)[:12]}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples, lengths = np.zeros((len(found), SAMPLES), np.int16), np.zeros(len(found), np.int64)
        for index, clip in enumerate(found):
            sound = _copy(clip, number, seed)[:SAMPLES]
            samples[index, : len(sound)] = np.clip(np.round(sound * 32767), -32768, 32767)
            lengths[index] = len(sound)
        unfinished = path.with_suffix(".partial.npz")
        np.savez(unfinished, samples=samples, lengths=lengths)
        unfinished.replace(path)
    with np.load(path) as stored:
        return Copies(stored["samples"], stored["lengths"])


def _copy(clip: published.Clip, number: int, seed: int) -> Sound:
    sound = published.load(clip)
    start = max(0, (len(sound) - SAMPLES) // 2)
    sound = sound[start : start + SAMPLES]
    if not number:
        return sound
    random = rng(seed, clip.name, number)
    if random.random() < _PACKAGED:
        sound = augmentation.packaged(sound, random)
    return augmentation.augment(sound, random)
