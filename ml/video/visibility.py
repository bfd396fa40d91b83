"""How visible the join of a dropped stretch is, measured on the analysed file by other means than the detector's."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from analyzer_kit.analysis import Caps
from analyzer_kit.media.gray import GrayFrame
from analyzer_kit.media.video import VideoReader
from ml.video.measures import Outcome

_AROUND = 12
"""Frames on either side of a join with which its change is compared: half a second."""

_SAME_SCENE = 0.5
"""Correlation of the frames on both sides, from which on they show the same scene."""


class JoinVisibility(StrEnum):
    """What is visible of a join."""

    NOTHING = "the picture changes no more than around it"
    CUT = "another picture on both sides, as at a cut"
    LEAP = "a leap"


@cache
def join_visibility(file: str, place: int) -> JoinVisibility:
    """Return what is visible of a join.

    Args:
        file: the edited recording, as the analyzer gets it.
        place: first frame after the join.
    """
    frames = [frame for _, frame in VideoReader(Path(file), Caps(threads=1)).frames()]
    low = max(place - _AROUND, 1)
    changes = [_change(frames[at - 1], frames[at]) for at in range(low, min(place + _AROUND + 1, len(frames)))]
    join = changes.pop(place - low)
    if join <= max(changes):
        return JoinVisibility.NOTHING
    correlation = np.corrcoef(frames[place - 1].ravel(), frames[place].ravel())[0, 1]
    return JoinVisibility.CUT if correlation < _SAME_SCENE else JoinVisibility.LEAP


def _change(before: GrayFrame, after: GrayFrame) -> float:
    """Return the mean absolute difference of the whole picture, in grey levels."""
    return float(cv2.absdiff(before, after).mean())


def visibility_table(outcomes: Sequence[Outcome]) -> str:
    """Return the part of the card about dropped stretches by the visibility of their join."""
    lines = ["| the join | held out | in place | seen | in place |", "|---|---|---|---|---|"]
    drops = [outcome for outcome in outcomes if outcome.trial.truth.kind == "drop"]
    for kind in JoinVisibility:
        cells = [str(kind)]
        for held_out in (True, False):
            some = [o for o in drops if o.trial.held_out is held_out and _of_outcome(o) is kind]
            placed = sum(outcome.found and outcome.in_place for outcome in some)
            cells += [str(len(some)), f"{placed} ({placed / len(some):.0%})" if some else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    return (
        "## Visibility of dropped stretches\n\nOf the whole picture, at most 320 wide, in the analysed file. "
        f"Around a join: {_AROUND} frames on either side. Another picture: the correlation of the frames on both sides "
        f"is below {_SAME_SCENE}; a detector that does not know the scene cannot tell that from a cut.\n\n"
        + "\n".join(lines)
    )


def _of_outcome(outcome: Outcome) -> JoinVisibility:
    return join_visibility(outcome.trial.file, outcome.trial.truth.place or 0)
