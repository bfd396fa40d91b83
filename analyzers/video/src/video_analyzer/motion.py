"""What is kept of each frame: a thumbnail, how much it differs from the one before, and possible jumps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from video_analyzer.jumps import Jump, measure_jump

Gray = NDArray[np.uint8]

THUMB_WIDTH, THUMB_HEIGHT = 40, 22
"""Small enough that grain and coding noise average out, large enough that a moving hand still shows."""

NEIGHBOURS = 6
"""Frames on either side that a jump is compared with."""

_SPIKE = 1.5
"""A frame difference this many times its neighbours' gets a closer look."""

_LEAST_CHANGE = 1.0


@dataclass(frozen=True)
class Motion:
    """One row for each frame.

    Attributes:
        times: seconds, not falling.
        thumbs: frames x 880, gray.
        change: mean absolute difference to the frame before in gray levels, at up to 320 pixels; 0 for the first.
        jumps: places where the picture moved on much further than around them.
    """

    times: NDArray[np.float64]
    thumbs: NDArray[np.uint8]
    change: NDArray[np.float32]
    jumps: list[Jump]

    @property
    def interval(self) -> float:
        """Usual seconds between frames."""
        return float(np.median(np.diff(self.times))) if self.times.size > 1 else 0.0


class MotionMeter:
    """Takes frames in order; keeps under 1 kB of each, and the last few whole."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._thumbs: list[NDArray[np.uint8]] = []
        self._change: list[float] = []
        self._jumps: list[Jump] = []
        self._recent: deque[Gray] = deque(maxlen=NEIGHBOURS + 3)

    def add(self, time: float, frame: Gray) -> None:
        """Takes the next frame: height x width, gray."""
        if self._recent and self._recent[-1].shape != frame.shape:
            frame = cv2.resize(frame, self._recent[-1].shape[::-1]).astype(np.uint8)
        self._change.append(float(cv2.absdiff(frame, self._recent[-1]).mean()) if self._recent else 0.0)
        small = cv2.resize(frame, (THUMB_WIDTH, THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
        self._thumbs.append(small.reshape(-1).astype(np.uint8))
        self._times.append(time)
        self._recent.append(frame)
        self._look_back()

    def motion(self) -> Motion:
        """What was taken so far."""
        shape = (len(self._times), THUMB_WIDTH * THUMB_HEIGHT)
        thumbs = np.concatenate(self._thumbs).reshape(shape) if self._thumbs else np.zeros(shape, dtype=np.uint8)
        return Motion(
            times=np.array(self._times),
            thumbs=thumbs,
            change=np.array(self._change, dtype=np.float32),
            jumps=list(self._jumps),
        )

    def _look_back(self) -> None:
        """Measures the frame that now has enough neighbours on both sides, if it stands out."""
        at = len(self._times) - 1 - NEIGHBOURS
        if at < NEIGHBOURS + 1:
            return
        around = self._change[at - NEIGHBOURS : at] + self._change[at + 1 : at + 1 + NEIGHBOURS]
        if self._change[at] < max(_SPIKE * max(around), _LEAST_CHANGE):
            return
        two_before, before, frame, after = (self._recent[index] for index in range(4))
        self._jumps.append(measure_jump(at, (two_before, before, frame, after), self._change[at] / max(*around, 0.05)))
