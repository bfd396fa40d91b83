"""How much of a recording was examined, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from analyzer_contract import LEAST_EXAMINED, MOST_GAPS, whole_percent

_UNNOTICED_SECONDS, _UNNOTICED_SHARE = 0.05, 0.01
"""What may be missing without a word, at most: a frame or two of sound, by which headers and decoders differ, and which
holds no evidence."""

_MOST_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """The part of the sound, or of the picture, that was examined; every reading carries one.

    Attributes:
        share: of it, 0 to 1.
        gaps: what was not examined, and why, in plain sentences.
        spoilt: whether so much of it is damaged that what is found in the rest is no evidence.
    """

    share: float = 1.0
    gaps: tuple[str, ...] = ()
    spoilt: bool = False

    @classmethod
    def of_seconds(cls, examined: float, length: float, gap: str) -> Self:
        """Return the coverage of a recording of which some seconds were examined.

        Args:
            examined: seconds.
            length: of the recording, in seconds.
            gap: what was not examined, and why; left out where nothing is missing that would be worth a word.
        """
        if length - examined <= min(_UNNOTICED_SECONDS, _UNNOTICED_SHARE * length):
            return cls()
        return cls(max(examined, 0.0) / length, (gap,))

    def without(self, share: float, gap: str) -> Self:
        """Return this coverage less a part of the recording that was not examined either.

        Args:
            share: of the recording, 0 to 1.
            gap: what it is, and why.
        """
        return replace(self, share=max(self.share - share, 0.0), gaps=(*self.gaps, gap))

    @property
    def sufficient(self) -> bool:
        """Whether so much was examined that what was not found can be said not to be there."""
        return self.share >= LEAST_EXAMINED

    @property
    def percent(self) -> int:
        """The share in whole per cent, rounded down: 100 only if all of it was examined."""
        return whole_percent(self.share)

    @property
    def sentences(self) -> list[str]:
        """The gaps, as many and as long as a result holds."""
        return [gap[:300] for gap in self.gaps[:MOST_GAPS]]


def told_apart(whole: float, part: float) -> tuple[str, str]:
    """Return seconds as texts, in as few digits as tell the one from the other."""
    for digits in range(_MOST_DIGITS):
        texts = f"{whole:.{digits}f}", f"{part:.{digits}f}"
        if texts[0] != texts[1]:
            return texts
    return f"{whole:.{_MOST_DIGITS}f}", f"{part:.{_MOST_DIGITS}f}"


WHOLE = Coverage()
