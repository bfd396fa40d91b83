"""StalledPicture: the picture stands, as it does by itself; a fact with score 0.

An encoder improves a picture that stands, at once or a little later: such a frame changes, but shows nothing new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Finding
from video_analyzer.motion import NEIGHBOURS, STILL, Motion

SHORTEST = 8
"""Frames that are equal to the last bit, at least: shorter, they are few pictures a second, or a pause."""

BLIP_FRAMES = 3
"""So many frames may change more, since the encoder improves them."""

_BLIP = 0.1
"""Share of the leap after them that such frames change by at most."""

_MIXED, _MIXED_FRAMES = (0.03, 0.35), 2
"""The same, at least and at most, of so many frames just before a leap: an encoder that predicts them from both sides
mixes the new picture into them."""

_SLOW, _SLOWER, _SLOW_FRAMES = 0.03, 3.0, 16
"""An encoder that has few bits improves a picture that stands in every frame: so many frames change by less than the
first of the leap, and so many times less than what moved before them."""


def stood_before(leaps: NDArray[np.float32], frame: int) -> int:
    """Return for how many frames the picture stood before it leapt at ``frame``; 0 if it did not stand."""
    begin = frame - _mixed(leaps, np.arange(max(frame - _MIXED_FRAMES, 0), frame), frame)
    least = _BLIP * leaps[frame]
    while begin > 1 and leaps[begin - 1] < least and np.count_nonzero(leaps[begin - 1 : frame] >= STILL) <= BLIP_FRAMES:
        begin -= 1
    still = np.count_nonzero(leaps[begin:frame] < STILL)
    return frame - begin if still >= SHORTEST else _improved_for(leaps, frame)


def _improved_for(leaps: NDArray[np.float32], frame: int) -> int:
    """Return for how many frames before ``frame`` the picture hardly changed, if it moved before them; else 0."""
    begin = frame
    while begin > 1 and leaps[begin - 1] < _SLOW * leaps[frame]:
        begin -= 1
    moved = leaps[max(begin - _SLOW_FRAMES, 1) : begin]
    if frame - begin < _SLOW_FRAMES or moved.size < SHORTEST:
        return 0
    return frame - begin if float(np.median(moved)) >= _SLOWER * float(np.median(leaps[begin:frame])) else 0


def held_before(motion: Motion, frame: int) -> float:
    """Return how many times longer than usual the picture before mixed ones was shown; 0 if none is mixed.

    Args:
        motion: of the recording.
        frame: where it leaps.
    """
    shown = motion.pictures
    at = int(np.searchsorted(shown, frame))
    mixed = _mixed(motion.leaps, shown[:at], frame)
    first = max(at - NEIGHBOURS - 1, 0)
    usual = np.diff(motion.times[shown[first : at + NEIGHBOURS]])
    held = np.diff(motion.times[shown[max(at - mixed - 1, 0) : at]])
    return float(held.max() / np.median(usual)) if held.size else 0.0


def _mixed(leaps: NDArray[np.float32], before: NDArray[np.int64], frame: int) -> int:
    """Return how many of the last of the frames ``before`` are mixed with the picture at ``frame``."""
    least, most = (share * leaps[frame] for share in _MIXED)
    mixed = 0
    while mixed < min(_MIXED_FRAMES, before.size) and least <= leaps[before[-1 - mixed]] < most:
        mixed += 1
    return mixed


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
