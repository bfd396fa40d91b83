"""What a dropped stretch leaves to be seen: measured on the analysed file, by other means than the detector's."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from analyzer_kit.analysis import Caps
from analyzer_kit.media.video import GrayFrame, VideoReader
from ml.video.measures import Outcome

_AROUND = 12
"""Frames on either side whose changes are the ordinary ones: half a second."""

_LIKE = 0.5


class Sight(StrEnum):
    """Kinds of joins."""

    NOTHING = "the picture changes no more than around it"
    CUT = "another picture on both sides, as at a cut"
    LEAP = "a leap"


@cache
def sight(file: str, place: int) -> Sight:
    """What is to be seen where ``file`` was joined.

    Args:
        file: the edited recording, as the analyzer gets it.
        place: first frame after the join.
    """
    frames = [frame for _, frame in VideoReader(Path(file), Caps(threads=1)).frames()]
    low = max(place - _AROUND, 1)
    changes = [_change(frames[at - 1], frames[at]) for at in range(low, min(place + _AROUND + 1, len(frames)))]
    join = changes.pop(place - low)
    if join <= max(changes):
        return Sight.NOTHING
    likeness = np.corrcoef(frames[place - 1].ravel(), frames[place].ravel())[0, 1]
    return Sight.CUT if likeness < _LIKE else Sight.LEAP


def _change(before: GrayFrame, after: GrayFrame) -> float:
    """Mean absolute difference of the whole picture, in gray levels."""
    return float(cv2.absdiff(before, after).mean())


def sights(outcomes: Sequence[Outcome]) -> str:
    """A table: the dropped stretches by what is to be seen of them, and how many of each kind were found in place."""
    lines = ["| the join | held out | in place | seen | in place |", "|---|---|---|---|---|"]
    drops = [each for each in outcomes if each.trial.truth.kind == "drop"]
    for kind in Sight:
        cells = [str(kind)]
        for held_out in (True, False):
            some = [e for e in drops if e.trial.held_out is held_out and _of(e) is kind]
            placed = sum(each.found and each.in_place for each in some)
            cells += [str(len(some)), f"{placed} ({placed / len(some):.0%})" if some else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    return (
        "## What can be seen of a dropped stretch\n\nOf the whole picture, at most 320 wide, in the analysed file. "
        f"Around a join: {_AROUND} frames on either side. Another picture: the correlation of the frames on both sides "
        f"is below {_LIKE}; a detector that does not know the scene cannot tell that from a cut.\n\n" + "\n".join(lines)
    )


def _of(outcome: Outcome) -> Sight:
    return sight(outcome.trial.file, outcome.trial.truth.place or 0)
