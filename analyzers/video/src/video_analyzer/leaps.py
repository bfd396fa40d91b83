"""How far a picture leaps from one frame to the next: what moves most, at the size of a thumbnail."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

THUMB_WIDTH, THUMB_HEIGHT = 40, 22
"""Small enough that grain and coding noise average out, large enough that a moving hand still shows."""

_MOVING_SHARE = 0.1
"""Of the thumbnail: what moves most. A speaking face before a wall is not diluted by the wall."""


def thumbnail(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a frame at the size of a thumbnail, as one row of gray levels that are not rounded."""
    small = cv2.resize(frame.astype(np.float32), (THUMB_WIDTH, THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32).reshape(-1)


def leap(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return the mean absolute difference of the tenth that changes most; a brighter picture is no change."""
    change = after - before
    middle = change.size // 2
    ordered = np.partition(
        change, (middle - 1, middle)
    )  # numpy.median takes four times as long, and this is a hot loop
    change = np.abs(change - (ordered[middle - 1] + ordered[middle]) / 2)
    most = int(_MOVING_SHARE * change.size)
    return float(np.partition(change, -most)[-most:].mean())
