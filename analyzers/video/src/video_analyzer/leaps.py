"""How far a picture leaps from one frame to the next: what moves most, at the size of a thumbnail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOVING_SHARE = 0.1
"""Of the thumbnail: what moves most. A speaking face before a wall is not diluted by the wall."""


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
