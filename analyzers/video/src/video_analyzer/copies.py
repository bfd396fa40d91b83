"""Copies: stretches of moving picture that occur twice, or again and again, and how much they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from video_analyzer.motion import MotionMeter
from video_analyzer.reading import VideoReading

Thumbs = NDArray[np.uint8] | NDArray[np.float32]

_WINDOW = 8
"""Frames that are compared at a time: over so many, coding noise averages out."""

_SHORTEST = 6
_FARTHEST = 3600
"""Frames between the copies: two minutes at 30 a second. The work grows with the square of it."""

_SMALLEST_LAG = 6
_BESIDE = (2, 3)
"""Frames earlier and later by which copies must differ clearly more."""

SHARP = 0.60
"""Copies differ at most this many times as much as frames beside them do. On the clips that were used for setting it,
0.69 was the least without an edit (docs/cards/video.md)."""

FAINT = 0.72
"""Copies that differ more, up to this, count only where they begin with a clear leap: where little moves, coarse coding
blurs what is copied."""

_ENDS = 0.8
_UNSURE, _SURROUNDINGS = 60, 80
"""Frames before and after a copy that may belong to it although they stand out less, and those they are judged by."""

_NO_MORE = 2.0
"""How many times the difference within the copy (squared) is still no other picture, whatever lies beside."""

_CODING = 0.02
"""Squared gray levels of rounding, added to both sides: two copies of a black picture are no evidence."""

_LEAST_MOTION = 0.3
"""Gray levels (root mean square of the thumbnail) by which frames beside the copy must differ."""

_LOOP = 1.5
"""A copy this many times longer than its distance has begun for the third time."""

_MOVING = 10
"""The tenth of the thumbnail that moves most is where copies are told from what is only alike."""

_LEAST_STEP, _STEP_NOISE = 0.1, 0.3
"""Gray levels from one frame to the next, in that tenth: below the first nothing moves; the second is coding noise."""

ALIKE = 2.5
"""Copies differ at most so many times as much as one frame does from the next. What differs more is the same cut, or
light, at two places, and hides no copy."""

_FEW = 4
"""Places of the thumbnail: a digit of a counter is as large."""

_BLOCK = 512
_BEYOND = 1e6


@dataclass(frozen=True)
class Copy:
    """A stretch that repeats an earlier one: frame indices, ends exclusive.

    Attributes:
        first: where the earlier stretch begins.
        second: where the later one begins.
        frames: length.
        sharpness: how much the copies differ, over how much they do two or three frames beside, 0 to 1.
        residual: how much they differ where most moves, over how much one frame does from the next; infinite where
            nothing moves.
        farthest: gray levels by which the few places of the picture differ that differ most.
    """

    first: int
    second: int
    frames: int
    sharpness: float
    residual: float = 0.0
    farthest: float = 0.0

    @property
    def looped(self) -> bool:
        """Whether the stretch goes on repeating."""
        return self.frames >= _LOOP * (self.second - self.first)


@dataclass(frozen=True)
class Copies:
    """All copies, the clearest first, and how near the nearest thing to one came (1: not at all).

    Attributes:
        found: those that differ at most 0.6 times as much as frames beside them.
        faint: up to 0.72 times, and elsewhere.
        sharpest: the least of all.
    """

    found: list[Copy]
    sharpest: float
    faint: list[Copy] = field(default_factory=list)


def find_copies(thumbs: Thumbs) -> Copies:
    """Return the stretches that repeat earlier ones.

    Eight frames from i on are compared with eight from j on. They are copies if they differ at most 0.6 times as much
    (root mean square) as they do when the second stretch is taken two or three frames earlier or later. So a still
    scene has none: all its differences are alike.

    Args:
        thumbs: frames x pixels, gray.
    """
    marks: dict[int, list[tuple[int, float]]] = {}
    sharpest = 1.0
    for start, sharpness in _maps(thumbs):
        sharpest = min(sharpest, float(sharpness.min(initial=1.0)))
        row, column = np.nonzero(sharpness < _ENDS)
        for i, lag, value in zip(row + start, column + _SMALLEST_LAG, sharpness[row, column], strict=True):
            marks.setdefault(int(lag), []).append((int(i), float(value)))
    copies = [
        _extended(_measured(copy, thumbs), thumbs) for lag, places in marks.items() for copy in _runs(lag, places)
    ]
    sharp = [copy for copy in copies if copy.sharpness <= SHARP]
    alike = _without_overlaps([copy for copy in sharp if copy.residual <= ALIKE])
    found = _chained([*alike, *_without_overlaps([copy for copy in sharp if copy.residual > ALIKE], alike)])
    faint = [copy for copy in copies if copy.sharpness > SHARP and copy.residual <= ALIKE]
    return Copies(found, sharpest, _without_overlaps(faint, alike))


def _maps(thumbs: Thumbs) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield blocks of the map of sharpness: the first row's frame, and rows (frames) x columns (rising lags)."""
    count = thumbs.shape[0]
    margin = max(_BESIDE)
    for start in range(0, count - _WINDOW, _BLOCK):
        rows = min(_BLOCK + _WINDOW - 1, count - start)
        lags = min(count - start, _FARTHEST + margin)
        if lags <= _SMALLEST_LAG + margin:
            return
        squares = np.full((rows, rows + lags), _BEYOND, dtype=np.float32)
        columns = min(rows + lags, count - start)
        squares[:, :columns] = _squares(thumbs[start : start + rows], thumbs[start : start + columns])
        step = squares.strides[0] + squares.strides[1]
        by_lag = np.lib.stride_tricks.as_strided(squares, (rows, lags), (step, squares.strides[1]), writeable=False)
        mean = cv2.blur(np.ascontiguousarray(by_lag), (1, _WINDOW), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        yield start, _sharpness(np.asarray(mean[: rows - _WINDOW + 1], dtype=np.float32))


def _sharpness(mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return windowed squared differences by lag over the least of those beside; 1 where it says nothing."""
    inner = slice(_SMALLEST_LAG, mean.shape[1] - max(_BESIDE))
    beside = np.full_like(mean[:, inner], _BEYOND)
    for step in _BESIDE:
        for shift in (-step, step):
            np.minimum(beside, mean[:, inner.start + shift : inner.stop + shift], out=beside)
    at = mean[:, inner]
    ratio = np.sqrt((at + _CODING) / (beside + _CODING))
    ratio[(beside < _LEAST_MOTION**2) | (at > _BEYOND / (2 * _WINDOW)) | (beside > _BEYOND / (2 * _WINDOW))] = 1.0
    return np.minimum(ratio, 1.0)


def _squares(rows: Thumbs, columns: Thumbs) -> NDArray[np.float32]:
    """Return the mean squared difference of every row to every column, in squared gray levels."""
    a, b = rows.astype(np.float32) - 128, columns.astype(np.float32) - 128
    squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1)[None, :] - 2 * (a @ b.T)
    return np.asarray(np.maximum(squares, 0) / rows.shape[1], dtype=np.float32)


def _runs(lag: int, places: list[tuple[int, float]]) -> Iterator[Copy]:
    """Yield stretches of neighbouring windows that have one sharp enough among them."""
    ordered = sorted(places)
    start = 0
    for index in range(1, len(ordered) + 1):
        if index == len(ordered) or ordered[index][0] - ordered[index - 1][0] > 1:
            run = ordered[start:index]
            sharpest = min(value for _, value in run)
            # A window that begins earlier or ends later than the copy is diluted by what surrounds it.
            spread = sum(value > (sharpest + 1) / 2 for _, value in run)
            if sharpest <= FAINT:
                length = run[-1][0] - run[0][0] + _WINDOW - spread // 2
                yield Copy(run[0][0] + spread // 4, run[0][0] + spread // 4 + lag, max(length, _SHORTEST), sharpest)
            start = index


def _measured(copy: Copy, thumbs: Thumbs) -> Copy:
    """Return the copy with its residual, by the median of its frames: a cut within it is no movement."""
    lag = copy.second - copy.first
    own = thumbs[copy.first : copy.first + copy.frames].astype(np.float32)
    other = thumbs[copy.first + lag : copy.first + lag + copy.frames].astype(np.float32)
    steps = np.diff(own, axis=0)
    if not steps.size or len(other) < len(own):
        return copy
    moving = np.argsort(np.mean(np.abs(steps), axis=0))[-own.shape[1] // _MOVING :]
    apart = other - own
    apart -= np.median(apart, axis=1, keepdims=True)
    farthest = float(np.median(np.sort(np.abs(apart), axis=1)[:, -_FEW:].mean(axis=1)))
    apart = apart[:, moving]
    step = float(np.median(np.sqrt(np.mean(steps[:, moving] ** 2, axis=1))))
    differs = float(np.median(np.sqrt(np.mean(apart**2, axis=1))))
    residual = differs / (step + _STEP_NOISE) if step > _LEAST_STEP else math.inf
    return replace(copy, residual=residual, farthest=farthest)


def _extended(copy: Copy, thumbs: Thumbs) -> Copy:
    """Return the copy with those moments at its ends that stand out less: still ones, and what the encoder made worse.

    It goes on to the frame where the stretches differ clearly more than within it. Where there is none within a while,
    the scene stands still and the end is where movement was seen.
    """
    lag = copy.second - copy.first
    low, high = max(copy.first - _SURROUNDINGS, 0), min(copy.first + copy.frames + _SURROUNDINGS, len(thumbs) - lag)
    difference = thumbs[low:high].astype(np.float32) - thumbs[low + lag : high + lag].astype(np.float32)
    squares = np.mean(difference * difference, axis=1)
    inside = slice(copy.first - low, min(copy.first - low + copy.frames, squares.size))
    before = _to_the_first_other(squares[: inside.start][::-1], squares[inside])
    after = _to_the_first_other(squares[inside.stop :], squares[inside])
    frames = copy.frames + before + after
    return replace(copy, first=copy.first - before, second=copy.second - before, frames=frames)


def _to_the_first_other(beside: NDArray[np.float32], inside: NDArray[np.float32]) -> int:
    """Return how many frames beside a copy, from it on, differ as those inside do; 0 if no other one follows.

    A frame is another one if its squared difference is nearer to what is usual beside the copy than to that inside.
    Between the two lies their geometric mean: the first repeat of a loop was encoded again, and differs somewhat more.
    """
    own = float(np.percentile(inside, 75)) + _CODING
    usual = float(np.percentile(beside, 75)) if beside.size else 0.0
    other = np.flatnonzero(beside[:_UNSURE] > max(_NO_MORE * own, math.sqrt(own * usual)))
    return int(other[0]) if other.size else 0


def _without_overlaps(copies: list[Copy], taken: Sequence[Copy] = ()) -> list[Copy]:
    """Return the clearest of copies that explain the same later stretch, long and sharp; none where ``taken`` do."""
    kept: list[Copy] = []
    for copy in sorted(copies, key=lambda copy: (-copy.frames * (1 - copy.sharpness), copy.second)):
        if not any(
            copy.second < other.second + other.frames and other.second < copy.second + copy.frames
            for other in (*taken, *kept)
        ):
            kept.append(copy)
    return kept


def _chained(copies: list[Copy]) -> list[Copy]:
    """Join a loop and the copies that touch it, of which it is made as well, to one loop from the first repeat on."""
    chained: list[Copy] = []
    rest = sorted(copies, key=lambda copy: copy.second)
    while rest:
        group = [rest.pop(0)]
        while rest and rest[0].second <= group[-1].second + group[-1].frames + _WINDOW:
            group.append(rest.pop(0))
        lag = min(copy.second - copy.first for copy in group)
        first, end = group[0].second, max(copy.second + copy.frames for copy in group)
        sharpest = min(copy.sharpness for copy in group)
        residual, farthest = min(copy.residual for copy in group), min(copy.farthest for copy in group)
        whole = Copy(max(first - lag, 0), first, end - first, sharpest, residual, farthest)
        in_step = all(abs((copy.second - copy.first + lag // 2) % lag - lag // 2) <= 1 for copy in group)
        chained += [whole] if whole.looped and in_step else group
    return sorted(chained, key=lambda copy: (copy.sharpness, copy.second))


def copies_in(reading: VideoReading) -> Copies:
    """Return the copies in a recording; for :meth:`VideoReading.computed`."""
    return find_copies(reading.measured(MotionMeter).thumbs)
