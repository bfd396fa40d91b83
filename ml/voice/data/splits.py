"""Three folds: no speaker, source or attack family is in two of them.

Every figure about a fold comes from a network and a threshold that were made from the other two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from ml.voice.data.series import SERIES, Series
from ml.voice.data.sound import rng

Fold = Literal[0, 1, 2]
FOLDS: Final[tuple[Fold, ...]] = (0, 1, 2)

# Chosen, not drawn, so that every fold has neural families. Related families are in different folds, so the network
# that is measured on one learned from the other: hibari was distilled from Kokoro, Mellotron ends in MelGAN or in
# HiFi-GAN, the copies by VITS are made by TinyTTS, a relative of Piper, and all three end like HiFi-GAN.
_FAMILIES: Final[dict[str, Fold]] = {
    "piper": 0,
    "mellotron-hifi-gan": 0,
    "espeak-ng": 0,
    "griffin-lim": 0,
    "vits": 0,
    "hibari": 1,
    "mellotron": 1,
    "flite": 1,
    "hifi-gan": 1,
    "kokoro": 2,
    "tiny-tts": 2,
    "festival": 2,
    "festival-hts": 2,
    "melgan": 2,
    "world": 2,
}


def family_folds() -> dict[str, Fold]:
    """Return the fold of each attack family."""
    return dict(_FAMILIES)


def series_folds(seed: int, series: Sequence[Series] = SERIES) -> dict[str, Fold]:
    """Return the fold of each series of recordings: the groups of one style are shuffled and dealt out in turn.

    Groups with the same coder follow each other, so that no fold gets all audio books in MP3.

    Args:
        seed: of the shuffle.
        series: recordings; the series of one group stay together.
    """
    result: dict[str, Fold] = {}
    for offset, style in enumerate(("sentences", "telephone", "words")):
        history = {entry.group: entry.history for entry in series if entry.style == style}
        groups = sorted(history)
        shuffled = [groups[index] for index in rng(seed, "split", style).permutation(len(groups))]
        for place, group in enumerate(sorted(shuffled, key=history.__getitem__)):
            fold = FOLDS[(place + offset) % len(FOLDS)]
            result.update({entry.name: fold for entry in series if entry.group == group})
    return result
