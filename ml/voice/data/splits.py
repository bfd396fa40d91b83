"""Three folds: no speaker, source or attack family is in two of them.

Whatever is told of a fold comes from a detector, and from a threshold, that met only the other two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from ml.voice.data.series import SERIES, Series
from ml.voice.data.sound import rng

Fold = Literal[0, 1, 2]
FOLDS: Final[tuple[Fold, ...]] = (0, 1, 2)

# Chosen, not drawn: every fold has neural families. Of two relatives the one that is tested meets the other in
# training: hibari was distilled from Kokoro, Mellotron ends in MelGAN or in HiFi-GAN, the copies by VITS are made by
# TinyTTS, which is a relative of Piper, and all three end like HiFi-GAN.
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
    """Give the fold of each attack family."""
    return dict(_FAMILIES)


def series_folds(seed: int, series: Sequence[Series] = SERIES) -> dict[str, Fold]:
    """Give the fold of each series of recordings: groups of one style are shuffled and dealt out in turn.

    Those that are packaged alike are dealt one after the other: or one fold might get every audio book in MP3.

    Args:
        seed: of the evaluation.
        series: the recordings; a group never comes apart.
    """
    result: dict[str, Fold] = {}
    for offset, style in enumerate(("sentences", "telephone", "words")):
        history = {one.group: one.history for one in series if one.style == style}
        groups = sorted(history)
        shuffled = [groups[index] for index in rng(seed, "split", style).permutation(len(groups))]
        for place, group in enumerate(sorted(shuffled, key=lambda each: history[each])):
            fold = FOLDS[(place + offset) % len(FOLDS)]
            result.update({one.name: fold for one in series if one.group == group})
    return result
