"""Train, calibration and test: no speaker, source or attack family is in two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from evaluation.recordings import SERIES, Series
from evaluation.sound import rng

Split = Literal["train", "calibration", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "calibration", "test")

# Chosen, not drawn: there are as many neural families as splits, and one test voice would say little. Kokoro has the
# voices. Hibari was distilled from Kokoro: with Kokoro in the test it only serves to calibrate.
_FAMILY_SETS: Final = (
    ("piper", "espeak-ng", "griffin-lim"),
    ("hibari", "flite"),
    ("kokoro", "festival", "festival-hts", "world"),
)


def family_splits(rotation: int = 0) -> dict[str, Split]:
    """Give the split of each attack family.

    Args:
        rotation: 0 to 2; moves each set of families, and of recordings, to another split. With all three, what is
            trained can be tested on every family and on every recording once.
    """
    return {
        family: SPLITS[(i + rotation) % len(SPLITS)] for i, families in enumerate(_FAMILY_SETS) for family in families
    }


def series_splits(seed: int, rotation: int = 0, series: Sequence[Series] = SERIES) -> dict[str, Split]:
    """Give the split of each series of recordings: groups of one style are shuffled and dealt out in turn.

    Args:
        seed: of the evaluation.
        rotation: see :func:`family_splits`.
        series: the recordings; a group never comes apart.
    """
    result: dict[str, Split] = {}
    for offset, style in enumerate(("sentences", "telephone", "words")):
        groups = sorted({one.group for one in series if one.style == style})
        order = rng(seed, "split", style).permutation(len(groups))
        for place, index in enumerate(order):
            split = SPLITS[(place + offset + rotation) % len(SPLITS)]
            result.update({one.name: split for one in series if one.group == groups[index]})
    return result
