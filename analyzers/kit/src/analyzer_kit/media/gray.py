"""Small gray frames: a picture as detectors see it, turned as a person sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from analyzer_kit.media.turning import UPRIGHT, Turn, turn_of

WIDEST = 320
"""Frames are scaled down to this many pixels in width: enough to see movement, and independent of grain."""

GrayFrame = NDArray[np.uint8]

Shrink = Callable[[GrayFrame, int, int], GrayFrame]
"""From a luma plane, a width and a height to a small gray frame: black is 16 before and 0 after, white 235 and 255."""

_LUMA_FORMATS = {"yuv420p", "nv12"}
"""Their first plane is the luma, a byte for each pixel."""


@dataclass
class Grays:
    """Makes the small gray frames of one recording.

    Attributes:
        shrink: scales the usual frames, if it can do so at less cost than swscale; the others are left to swscale.
    """

    shrink: Shrink | None = None
    _turn: Turn | None = None
    _scaler: VideoReformatter = field(default_factory=VideoReformatter)

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of the picture as a person sees it."""
        return (self._turn or UPRIGHT).shown(width, height)

    def of(self, frame: VideoFrame) -> GrayFrame:
        """Return a frame: height x width, gray, at most 320 wide; the first one says how all are turned."""
        if self._turn is None:
            self._turn = turn_of(frame)
        shown_width, shown_height = self._turn.shown(frame.width, frame.height)
        small = min(shown_width, WIDEST)
        width, height = self._turn.shown(small, max(round(shown_height * small / shown_width), 1))
        if self.shrink is not None and _is_limited_luma(frame):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
            return self._turn.apply(self.shrink(rows[: frame.height, : frame.width], width, height))
        gray = self._scaler.reformat(frame, width=width, height=height, format="gray", interpolation="AREA")
        rows = np.ascontiguousarray(gray.to_ndarray(), dtype=np.uint8)  # it may be a part of wider rows
        return self._turn.apply(rows)


def _is_limited_luma(frame: VideoFrame) -> bool:
    """Return whether the first plane is luma of eight bits, from 16 to 235, with its first row first."""
    limited = frame.color_range != ColorRange.JPEG
    return frame.format.name in _LUMA_FORMATS and limited and frame.planes[0].line_size >= frame.width
