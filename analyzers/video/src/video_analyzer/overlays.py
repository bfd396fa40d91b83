"""Overlays: a counter, a clock or a sign that comes back before a picture that does not.

Who copies a stretch copies all of it. Of a counter over the noise of a dark camera, or over a picture that stands, only
the digits are as they were, and whatever else moves is new in each frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from video_analyzer.copies import Copy

_BESIDE = (-3, -2, 2, 3)
"""Frames earlier and later with which it is compared what a stretch repeats."""

_CHANGES, _REPEATS = 0.5, 0.75
"""Gray levels by which a place changes, at least; and the share of them by which it differs where it repeats."""

_LINE = 0.03
"""Share of the picture that is no more than a line of digits: copied stretches that are found repeat 0.04 at least."""

_FRESH, _NEW, _AS_NEW, _OF_FRESH = 0.15, 0.85, 0.8, 0.1
"""Gray levels by which half of the picture differs from copy to copy, at least, if it is noise; the share of what it
differs from frames beside, and what it does from one frame to the next, over the first. Of such a picture that much
must repeat."""


def is_overlay(copy: Copy, thumbs: NDArray[np.float32]) -> bool:
    """Return whether hardly more than a line of digits repeats, or little of a picture that is new in each frame."""
    at = _differs(copy, thumbs, 0)
    beside = np.mean([_differs(copy, thumbs, shift) for shift in _BESIDE], axis=0)
    changes = beside > _CHANGES
    again = float(np.mean(changes & (at < _REPEATS * beside)))
    return bool(changes.any()) and again < (_OF_FRESH if _is_fresh(copy, thumbs, at, beside) else _LINE)


def _is_fresh(copy: Copy, thumbs: NDArray[np.float32], at: NDArray[np.float32], beside: NDArray[np.float32]) -> bool:
    step = _spread(np.diff(thumbs[copy.first : copy.first + copy.frames], axis=0))
    half = float(np.median(at))
    return half >= max(_FRESH, _NEW * float(np.median(beside))) and float(np.median(step)) >= _AS_NEW * half


def _differs(copy: Copy, thumbs: NDArray[np.float32], shift: int) -> NDArray[np.float32]:
    """Return by how much each place differs from what it is a copy of, taken so many frames later."""
    lag = copy.second - copy.first + shift
    own = thumbs[copy.first : max(min(copy.first + copy.frames, len(thumbs) - lag), 0)]
    return _spread(thumbs[copy.first + lag : copy.first + lag + len(own)] - own)


def _spread(apart: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the root mean square of each place's difference; a brighter picture is no difference."""
    if not len(apart):
        return np.zeros(apart.shape[1], dtype=np.float32)
    apart = apart - np.median(apart, axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.mean(np.square(apart), axis=0)), dtype=np.float32)
