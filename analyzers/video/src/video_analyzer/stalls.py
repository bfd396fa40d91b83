"""StalledPicture: the picture stands, as it does by itself; a fact with score 0.

An encoder improves a picture that stands, at once or a little later: such a frame changes, but shows nothing new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Finding
from video_analyzer.motion import STILL

SHORTEST = 8
"""Frames that are equal to the last bit, at least: shorter, they are few pictures a second, or a pause."""

BLIP_FRAMES = 3
"""So many frames may change more, since the encoder improves them."""

_BLIP = 0.1
"""Share of the leap after them that such frames change by at most."""


def stood_before(leaps: NDArray[np.float32], frame: int) -> int:
    """Return for how many frames the picture stood before it leapt at ``frame``; 0 if it did not stand."""
    least = _BLIP * leaps[frame]
    begin = frame
    while begin > 1 and leaps[begin - 1] < least and np.count_nonzero(leaps[begin - 1 : frame] >= STILL) <= BLIP_FRAMES:
        begin -= 1
    still = np.count_nonzero(leaps[begin:frame] < STILL)
    return frame - begin if still >= SHORTEST else 0


def leap_after_a_stall(times: NDArray[np.float64], frame: int, stood: float) -> Finding:
    """Return that the picture before ``frame`` was shown ``stood`` times longer than usual, and then leapt."""
    how = f"stands {stood:.0f} times longer than usual and then leaps, as where a camera or a connection stalls."
    return _stalled(times, frame - 1, frame, how)


def standing_picture(times: NDArray[np.float64], start: int, end: int) -> Finding:
    """Return that the frames from ``start`` to ``end``, exclusive, show what the one before them shows."""
    seconds = float(times[end - 1] - times[start - 1])
    how = (
        f"stands still for {seconds:.1f} s, as where a camera or a connection stalls, or as slides, screens and drawn "
        "films do."
    )
    return _stalled(times, start - 1, end - 1, how)


def _stalled(times: NDArray[np.float64], first: int, last: int, how: str) -> Finding:
    return Finding(
        kind="StalledPicture",
        start_seconds=round(float(times[first]), 3),
        end_seconds=round(float(times[last]), 3),
        score=0,
        message=f"The picture {how} That is a fact and no evidence.",
    )
