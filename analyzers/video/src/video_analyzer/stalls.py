"""StalledPicture: the picture stands, as it does by itself; a fact with score 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Finding


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
