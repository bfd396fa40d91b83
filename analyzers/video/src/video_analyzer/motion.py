"""The motion of a picture: of each frame a thumbnail, how much it differs from the one before, and possible jumps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from video_analyzer.jumps import Jump, is_other_scene, measure_jump

Gray = NDArray[np.uint8]

THUMB_WIDTH, THUMB_HEIGHT = 40, 22
"""Small enough that grain and coding noise average out, large enough that a moving hand still shows."""

NEIGHBOURS = 6
"""Frames on either side that a jump is compared with."""

_SPIKE = 1.3
"""A leap this many times its neighbours' gets a closer look."""

_BESIDE = 4
"""Frames on either side that a leap is compared with."""

_MOVING_SHARE = 0.1
"""Of the thumbnail: what moves most. A speaking face before a wall is not diluted by the wall."""

_FAR = 50
"""The same of the wider comparison: two seconds at 25 frames a second."""

_LEAST_LEAP = 0.5
"""Gray levels added to the others' leap: where nearly nothing moves, a blink is not many times more."""


@dataclass(frozen=True)
class Motion:
    """One row for each frame.

    Attributes:
        times: seconds, not falling.
        thumbs: frames x 880, gray, not rounded.
        change: mean absolute difference to the frame before in gray levels, at up to 320 pixels; 0 for the first.
        leaps: mean absolute difference to the frame before of the tenth of the thumbnail that changes most, in gray
            levels; 0 for the first.
        jumps: places where the picture moved on further than around them.
        begins: first frame of each stretch; what lies before it was not read.
    """

    times: NDArray[np.float64]
    thumbs: NDArray[np.float32]
    change: NDArray[np.float32]
    leaps: NDArray[np.float32]
    jumps: list[Jump]
    begins: tuple[int, ...] = (0,)

    @property
    def interval(self) -> float:
        """Usual seconds between frames."""
        return float(np.median(np.diff(self.times))) if self.times.size > 1 else 0.0


class MotionMeter:
    """The meter of :class:`Motion`; it keeps under 4 kB of each frame, and the last few whole."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._thumbs: list[NDArray[np.float32]] = []
        self._change: list[float] = []
        self._jumps: list[Jump] = []
        self._leaps: list[float] = []
        self._begins: list[int] = []
        self._recent: deque[Gray] = deque(maxlen=NEIGHBOURS + 3)

    def add(self, time: float, frame: Gray, *, begins: bool = False) -> None:
        """Take the next frame: height x width, gray.

        Args:
            time: in seconds.
            frame: small enough to be kept.
            begins: whether a new stretch begins with it, so that it does not follow the one before.
        """
        if begins or not self._times:
            self._recent.clear()
            self._begins.append(len(self._times))
        if self._recent and self._recent[-1].shape != frame.shape:
            frame = cv2.resize(frame, self._recent[-1].shape[::-1]).astype(np.uint8)
        self._change.append(cv2.norm(frame, self._recent[-1], cv2.NORM_L1) / frame.size if self._recent else 0.0)
        thumb = cv2.resize(frame.astype(np.float32), (THUMB_WIDTH, THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
        self._thumbs.append(np.asarray(thumb, dtype=np.float32).reshape(-1))
        self._leaps.append(leap(self._thumbs[-2], self._thumbs[-1]) if self._recent else 0.0)
        self._times.append(time)
        self._recent.append(frame)
        self._look_back()

    def result(self) -> Motion:
        """Return the motion of what was taken so far."""
        shape = (len(self._times), THUMB_WIDTH * THUMB_HEIGHT)
        thumbs = np.concatenate(self._thumbs).reshape(shape) if self._thumbs else np.zeros(shape, dtype=np.float32)
        leaps = np.array(self._leaps, dtype=np.float32)
        return Motion(
            times=np.array(self._times),
            thumbs=thumbs,
            change=np.array(self._change, dtype=np.float32),
            leaps=leaps,
            jumps=[replace(jump, far_ratio=self._far_ratio(jump.frame, leaps)) for jump in self._jumps],
            begins=tuple(self._begins) or (0,),
        )

    def _far_ratio(self, frame: int, leaps: NDArray[np.float32]) -> float:
        """Return the leap of ``frame`` over the farthest of those around it, in its stretch and not to other scenes."""
        begin = max(begin for begin in self._begins if begin <= frame)
        end = min((begin for begin in self._begins if begin > frame), default=leaps.size)
        low = max(frame - _FAR, begin)
        others = leaps[low : min(frame + _FAR + 1, end)].copy()
        for index in (frame, *(jump.frame for jump in self._jumps if is_other_scene(jump))):
            if 0 <= index - low < others.size:
                others[index - low] = 0
        return float(leaps[frame] / (others.max() + _LEAST_LEAP))

    def _look_back(self) -> None:
        """Measure the frame that now has enough neighbours on both sides, if it stands out."""
        at = len(self._times) - 1 - NEIGHBOURS
        if at < self._begins[-1] + NEIGHBOURS + 1:
            return
        around = self._leaps[at - _BESIDE : at] + self._leaps[at + 1 : at + 1 + _BESIDE]
        ratio = self._leaps[at] / (max(around) + _LEAST_LEAP)
        if ratio < _SPIKE:
            return
        two_before, before, frame, after = (self._recent[index] for index in range(4))
        self._jumps.append(measure_jump(at, (two_before, before, frame, after), ratio))


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
