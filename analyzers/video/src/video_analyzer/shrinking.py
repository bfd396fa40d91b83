"""Small gray frames out of luma planes, at less than half of what swscale takes for them."""

from __future__ import annotations

import cv2
import numpy as np

from analyzer_kit.media.gray import GrayFrame

_BLACK, _WHITE = 16, 235
_EXPANDED = np.clip(np.rint((np.arange(256) - _BLACK) * 255 / (_WHITE - _BLACK)), 0, 255).astype(np.uint8)
"""Limited to full range, as swscale has it; on the small frame there is less to do."""


def shrink(luma: GrayFrame, width: int, height: int) -> GrayFrame:
    """Return ``luma``, limited range, at ``width`` x ``height``, full range.

    It is halved as often as possible: OpenCV has a fast path for means of two by two pixels, and for no others.
    """
    small = luma
    while all(side % 2 == 0 and side >= 2 * target for side, target in zip(small.shape, (height, width), strict=True)):
        halves = (small.shape[1] // 2, small.shape[0] // 2)
        small = np.asarray(cv2.resize(small, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if small.shape != (height, width):
        small = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.LUT(small, _EXPANDED), dtype=np.uint8)
