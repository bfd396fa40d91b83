"""The motion of a picture: of each frame a thumbnail, how much it differs from the one before, and possible jumps.

A frame can show what the one before it showed: few pictures a second are stored at a higher rate by repeating them, and
where a camera or a connection stalls, the last picture stands. So a jump is looked for between pictures that differ,
and what it is compared with are pictures too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from video_analyzer.jumps import STEPS, Jump, is_other_scene, measure_jump
from video_analyzer.leaps import THUMB_HEIGHT, THUMB_WIDTH, leap, thumbnail

Gray = NDArray[np.uint8]

NEIGHBOURS = 6
"""Pictures on either side that a jump is compared with."""

STILL = 0.15
"""Gray levels by which the most changed tenth of the picture may differ from the frame before: an encoder skips copies
of one frame, so most of them are equal to the last bit."""

_REPEATED = 0.1
"""A frame that leaps less than this share of what is usual is a repeat too, which the encoder improved."""

_AROUND, _AGAIN = 5, 0.3
"""A frame that leaps less than this share of the farthest in five shows what the one before showed."""

_FEW = 1.95
"""Frames that a picture is shown for, from which on few pictures are stored at a higher rate."""

_USUAL_OF = 8
"""Pictures that say what is usual."""

_SPIKE = 1.3
"""A leap this many times its neighbours' gets a closer look."""

_BESIDE = 4
"""Pictures on either side that a leap is compared with."""

_FAR = 50
"""The same of the wider comparison: two seconds at 25 pictures a second."""

_USUAL_INTERVAL = 1 / 30.5
"""Seconds between frames from which on both are as many: of more frames a second, as many more are compared."""

_NEARLY = 0.7
"""Share of a leap that another one reaches which is of its kind: strokes, or pictures that come in fits and starts."""

_STEP, _OTHER_STEPS, _STEPS_APART = 5.0, 1.6, 3
"""A leap so many times as far as all around it is one of many steps if others leap so many times as far as all around
them, whatever they show, within so many times the wider comparison: a picture is shown for a second, and an encoder
of few bits goes on improving it, so that no frame repeats the one before."""

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
        pictures: the frames that do not repeat the one before.
    """

    times: NDArray[np.float64]
    thumbs: NDArray[np.float32]
    change: NDArray[np.float32]
    leaps: NDArray[np.float32]
    jumps: list[Jump]
    begins: tuple[int, ...] = (0,)
    pictures: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def interval(self) -> float:
        """Usual seconds between frames."""
        return interval_of(self.times)

    @property
    def frames_each(self) -> float:
        """Number of frames for which a picture is shown, on average; 1 where each shows another.

        An encoder that shows a picture again also improves it, so what counts is how much less it changes than those
        around it do. Where little moves, it improves a picture by as much as the scene moves, and the livelier half of
        the recording shows the truth.
        """
        if not self.leaps.size:
            return 1.0
        around = cv2.dilate(self.leaps.reshape(1, -1), np.ones((1, _AROUND), dtype=np.uint8)).reshape(-1)
        again = self.leaps < _AGAIN * around
        livelier = max(_LEAST_LEAP, float(np.median(around)))
        return max(_frames_each(again[around > least]) for least in (_LEAST_LEAP, livelier))

    @property
    def few_pictures(self) -> bool:
        """Whether few pictures a second are stored at a higher rate."""
        return self.frames_each >= _FEW


def interval_of(times: NDArray[np.float64]) -> float:
    """Return the usual seconds between frames."""
    return float(np.median(np.diff(times))) if times.size > 1 else 0.0


def more_frames(interval: float) -> float:
    """Return how many times more frames than usual a time has at so many seconds from one to the next; 1 at least."""
    return max(_USUAL_INTERVAL / interval, 1.0) if interval > 0 else 1.0


def _frames_each(again: NDArray[np.bool_]) -> float:
    """Return how many frames show a picture, of which ``again`` says whether they show the one before."""
    return 1 / (1 - float(again.mean())) if again.size and not again.all() else 1.0


class MotionMeter:
    """The meter of :class:`Motion`; it keeps under 4 kB of each frame, and the last few whole."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._thumbs: list[NDArray[np.float32]] = []
        self._change: list[float] = []
        self._leaps: list[float] = []
        self._begins: list[int] = []
        self._last: Gray | None = None
        self._shots: deque[Gray] = deque(maxlen=STEPS + 2)
        self._pictures = _Pictures()

    def add(self, time: float, frame: Gray, *, begins: bool = False) -> None:
        """Take the next frame: height x width, gray.

        Args:
            time: in seconds.
            frame: small enough to be kept.
            begins: whether a new stretch begins with it, so that it does not follow the one before.
        """
        if begins or self._last is None:
            self._last = None
            self._shots.clear()
            self._begins.append(len(self._times))
        if self._last is not None and self._last.shape != frame.shape:
            frame = cv2.resize(frame, self._last.shape[::-1]).astype(np.uint8)
        self._change.append(0.0 if self._last is None else cv2.norm(frame, self._last, cv2.NORM_L1) / frame.size)
        self._thumbs.append(thumbnail(frame))
        self._leaps.append(0.0 if self._last is None else leap(self._thumbs[-2], self._thumbs[-1]))
        self._times.append(time)
        self._shots.append(frame)
        shown = _Frame(len(self._times) - 1, time, frame, self._thumbs[-1], self._leaps[-1], self._shots[0])
        self._pictures.add(shown, begins=self._last is None)
        self._last = frame

    def result(self) -> Motion:
        """Return the motion of what was taken so far."""
        shape = (len(self._times), THUMB_WIDTH * THUMB_HEIGHT)
        thumbs = np.concatenate(self._thumbs).reshape(shape) if self._thumbs else np.zeros(shape, dtype=np.float32)
        return Motion(
            times=np.array(self._times),
            thumbs=thumbs,
            change=np.array(self._change, dtype=np.float32),
            leaps=np.array(self._leaps, dtype=np.float32),
            jumps=self._pictures.jumps(interval_of(np.array(self._times))),
            begins=tuple(self._begins) or (0,),
            pictures=np.array(self._pictures.frames, dtype=np.int64),
        )


@dataclass(frozen=True)
class _Frame:
    index: int
    time: float
    gray: Gray
    thumb: NDArray[np.float32]
    leap: float
    earlier: Gray  # STEPS frames before the one before it was first shown


class _Pictures:
    """The frames that are no repeats, and the jumps between them.

    Attributes:
        frames: their numbers.
    """

    def __init__(self) -> None:
        self.frames: list[int] = []
        self._leaps: list[float] = []
        self._stood: list[float] = []  # seconds for which the picture before was shown
        self._begins: list[int] = []
        self._recent: deque[_Frame] = deque(maxlen=NEIGHBOURS + 3)
        self._shown: _Frame | None = None  # the picture that is repeated, if it is
        self._since = 0.0
        self._jumps: list[tuple[int, Jump]] = []

    def add(self, frame: _Frame, *, begins: bool) -> None:
        """Take the next frame."""
        if begins:
            self._recent.clear()
            self._begins.append(len(self.frames))
            self._since = frame.time
        elif self._repeats(frame):
            if frame.leap >= STILL:
                self._since = frame.time
            self._recent[-1] = replace(frame, earlier=self._recent[-1].earlier)
            return
        self.frames.append(frame.index)
        self._leaps.append(frame.leap)
        self._stood.append(frame.time - self._since)
        self._recent.append(frame)
        self._shown, self._since = frame, frame.time
        self._look_back()

    def _repeats(self, frame: _Frame) -> bool:
        if self._shown is None:
            return False
        recent = sorted(self._leaps[max(len(self._leaps) - _USUAL_OF, self._begins[-1] + 1) :])
        usual = recent[len(recent) // 2] if recent else 0.0
        limit = max(STILL, _REPEATED * usual)
        return frame.leap < limit and leap(self._shown.thumb, frame.thumb) < limit

    def jumps(self, interval: float) -> list[Jump]:
        """Return all jumps, compared with what is farther away too.

        Args:
            interval: usual seconds between frames.
        """
        leaps = np.array(self._leaps, dtype=np.float32)
        more = more_frames(interval)
        near, far = int(_BESIDE * more), int(_FAR * more)
        ratios = {number: min(jump.change_ratio, self._ratio(number, leaps, near, ())) for number, jump in self._jumps}
        steps = [number for number, ratio in ratios.items() if ratio >= _OTHER_STEPS]
        return [
            replace(
                jump,
                change_ratio=ratios[number],
                far_ratio=self._ratio(number, leaps, far, self._scenes()),
                others=max(
                    self._others(number, far),
                    _near(number, steps, _STEPS_APART * far) if ratios[number] >= _STEP else 0,
                ),
            )
            for number, jump in self._jumps
        ]

    def _scenes(self) -> list[int]:
        return [index for index, jump in self._jumps if is_other_scene(jump)]

    def _others(self, number: int, reach: int) -> int:
        """Return how many other jumps, not to other scenes, are nearly as far within ``reach`` pictures."""
        least = _NEARLY * self._leaps[number]
        far = [other for other, jump in self._jumps if self._leaps[other] >= least and not is_other_scene(jump)]
        return _near(number, far, reach)

    def _ratio(self, number: int, leaps: NDArray[np.float32], reach: int, without: Sequence[int]) -> float:
        """Return the leap of a picture over the farthest within ``reach`` and not ``without``.

        Other stretches count too: where damage leaves short ones, little else would be there to compare with. Where a
        stretch begins, nothing leaps.
        """
        low = max(number - reach, 0)
        others = leaps[low : number + reach + 1].copy()
        for index in (number, *without):
            if 0 <= index - low < others.size:
                others[index - low] = 0
        return float(leaps[number] / (others.max() + _LEAST_LEAP))

    def _look_back(self) -> None:
        """Measure the picture that now has enough neighbours on both sides, if it stands out."""
        at = len(self.frames) - 1 - NEIGHBOURS
        if at < self._begins[-1] + NEIGHBOURS + 1:
            return
        around = self._leaps[at - _BESIDE : at] + self._leaps[at + 1 : at + 1 + _BESIDE]
        ratio = self._leaps[at] / (max(around) + _LEAST_LEAP)
        if ratio < _SPIKE:
            return
        two_before, before, frame, after = list(self._recent)[:4]
        shots = (two_before.gray, before.gray, frame.gray, after.gray)
        jump = measure_jump(self.frames[at], shots, frame.earlier, ratio)
        stood = self._stood[at - NEIGHBOURS : at] + self._stood[at + 1 : at + 1 + NEIGHBOURS]
        self._jumps.append((at, replace(jump, stood=self._stood[at] / max(float(np.median(stood)), 1e-3))))


def _near(number: int, others: Sequence[int], reach: int) -> int:
    """Return how many others are within ``reach`` of a number."""
    return sum(0 < abs(number - other) <= reach for other in others)
