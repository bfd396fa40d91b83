"""Jumps: places where the picture moves on further than around them, and what they may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from video_analyzer.leaps import leap, thumbnail

Gray = NDArray[np.uint8]

_FLOW_RATIO = 1.5
"""How many times further things must move across the leap than just before and after (optical flow)."""

_LEAST_PIXELS = 0.5
"""Smallest movement, of 320 pixels' width, that counts."""

_EXPLAINED = 0.915
"""Share of the difference that may remain after undoing the movement, where both sides are alike: noise and what was
hidden remain. A change of focus, and a digit that takes another's place, leave 0.92 and more."""

_CLEARLY_EXPLAINED, _FAR_FLOW_RATIO = 0.65, 3.0
"""A leap so far that the frames on both sides share little must be undone better, and stand out more."""

_SAME_SCENE = 0.55
"""Likeness of the frames on both sides: 0.60 to 0.99 across dropped stretches, at most 0.46 across cuts."""

_RETURNS, _FAR_RETURNS = 0.4, 0.5
"""Share of the structure that the flow must lead back to where it was (:attr:`Jump.returns`), where both sides are
alike and where they are not: 0.42 and 0.54 at least across dropped stretches. Flow explains the change between two
shots of a film just as well, but by tearing the picture to pieces: 0.46 there, save once."""

_ZOOM = 0.05
"""Share by which the whole picture grows or shrinks across a cut to a nearer or wider view of one scene."""

_LEAST_SHIFT, _AS_ONE, _STANDING = 5.0, 1.5, (0.05, 0.015)
"""Pixels of 320 by which the whole picture is moved, at least; how many times further than beside it leaps when that is
undone, at most; and pixels, and the share of the shift, by which it moves the same way beside it, at most."""

_STRONG, _STRONGEST, _LINE, _MOSTLY = 0.5, 99.9, (31, 121), 0.8
"""Share of the strongest change from which on a pixel counts, and the percentile of that; height and width, in pixels
of 320, of what is one line of text; and the share of the pixels that change."""

_TWO_LINES = 0.25
"""Share of the rows of the picture that two lines of writing have at most: what changes in no others."""

_WRITTEN, _FAINTEST, _MOVED = 90.0, 0.33, 0.75
"""Gray levels by which writing differs from its ground, at least; the share of its strongest change from which on a row
of the picture counts; and of what changes so, the share that may remain after undoing the movement."""

STEPS = 4
"""Frames from which to which it is seen whether anything moves before a leap."""

_HARDLY, _UNMOVED = 0.8, 0.925
"""Gray levels by which the whole picture changes in so many, at most, and the share of them that remains after undoing
the movement, at least: before dropped stretches that change so little 0.92 remains at most, in stalls 0.93 and more."""

_CUT_LIKENESS = 0.5
_FITTED = 0.4
"""Below this likeness there is no common brightness to fit."""


@dataclass(frozen=True)
class Jump:
    """One frame that differs from the one before more than its neighbours do.

    Attributes:
        frame: its index.
        change_ratio: how far what moves most leaps, over the farthest leap in the four frames before and after.
        flow: pixels that the fastest 10 % moved across it (optical flow).
        flow_around: the same just before and after, the larger.
        residual: share of the difference left when the movement is undone, 0 to 1.
        likeness: correlation of the frames on both sides, after fitting brightness, -1 to 1.
        strongest: gray levels by which the most changed 1 % of the picture differ, after fitting brightness.
        far_ratio: the leap over the farthest one in the fifty pictures before and after, changes of scene left out.
        others: how many other jumps around it are nearly as far, or, where it stands far out of what
            is just around it, stand out too.
        returns: share of what has structure that the flow across it and the flow back bring to where it was, 0 to 1;
            0 where the flow does not explain it anyway.
        zoom: share by which the picture as a whole grew; 0 where it did not move as a whole.
        stood: how many times longer than usual the picture before it was shown.
        shifted: whether the picture was moved as a whole and nothing else changed, while the camera stood: it was
            knocked, or what it shows of its picture was chosen again, and no time is missing.
        replaced: whether it changes only where something else takes the place of what was there just before and
            after too, or only in few rows, as strongly as writing and little by movement: the digits of a counter or a
            clock.
        improved: whether the picture hardly changes before it, and what changes does not move: it may stand, and an
            encoder of few bits improves it.
    """

    frame: int
    change_ratio: float
    flow: float
    flow_around: float
    residual: float
    likeness: float
    strongest: float
    far_ratio: float = 0.0
    others: int = 0
    stood: float = 1.0
    returns: float = 1.0
    zoom: float = 0.0
    shifted: bool = False
    replaced: bool = False
    improved: bool = False

    @property
    def stands_out(self) -> float:
        """How many times further than elsewhere the picture leaps: the geometric mean of near and far.

        Quick movements exceed their neighbours, but in two seconds there mostly is another one like them.
        """
        return math.sqrt(self.change_ratio * self.far_ratio)


def measure_jump(frame: int, shots: tuple[Gray, Gray, Gray, Gray], earlier: Gray, change_ratio: float) -> Jump:
    """Measure the jump between the second and the third of four neighbouring frames (height x width, gray).

    Args:
        frame: index of the third.
        shots: the four.
        earlier: what was shown ``STEPS`` frames before the second.
        change_ratio: as in :class:`Jump`.
    """
    two_before, before, after, two_after = shots
    fitted, likeness = _fit_brightness(before, after)
    flow = _flow(fitted, after)
    warped = _undo(after, flow)
    raw = float(cv2.absdiff(fitted, after).mean())
    left = float(cv2.absdiff(fitted, warped).mean())
    beside = (_flow(two_before, before), _flow(after, two_after))
    speed, around = _speed(flow), max(map(_speed, beside))
    residual = left / max(raw, 0.05)
    explained = residual <= _EXPLAINED and speed >= max(_LEAST_PIXELS, _FLOW_RATIO * around)
    return Jump(
        frame=frame,
        change_ratio=change_ratio,
        flow=speed,
        flow_around=around,
        residual=residual,
        likeness=likeness,
        strongest=float(np.percentile(cv2.absdiff(fitted, after), 99)),
        returns=_returning(flow, _flow(after, fitted), fitted) if explained else 0.0,
        zoom=_zoom(flow) if explained else 0.0,
        shifted=explained and _is_shifted(shots, _shift(flow), [_shift(other) for other in beside]),
        replaced=_is_replaced(shots, beside, around) or (residual > _MOVED and _is_written(before, after)),
        improved=explained and _is_improved(earlier, before),
    )


def is_drop(jump: Jump) -> bool:
    """Return whether a jump may be missing time in one scene, rather than a cut, a flash, or a lamp."""
    near = jump.likeness >= _SAME_SCENE
    explained, ratio = (_EXPLAINED, _FLOW_RATIO) if near else (_CLEARLY_EXPLAINED, _FAR_FLOW_RATIO)
    returns = jump.returns >= _RETURNS if near else jump.returns >= _FAR_RETURNS and jump.far_ratio >= 1
    moved = jump.flow >= max(_LEAST_PIXELS, ratio * jump.flow_around)
    return (
        jump.residual <= explained
        and moved
        and returns
        and abs(jump.zoom) < _ZOOM
        and not (jump.shifted or jump.replaced)
    )


def is_other_scene(jump: Jump) -> bool:
    """Return whether the frames on both sides have little in common."""
    return jump.likeness < _CUT_LIKENESS


def _fit_brightness(before: Gray, after: Gray) -> tuple[Gray, float]:
    """Return ``before`` with gain and offset fitted to ``after``, and their correlation: a lamp is no jump."""
    x, y = before.astype(np.float32), after.astype(np.float32)
    dx, dy = x - x.mean(), y - y.mean()
    variance = float((dx * dx).mean())
    covariance = float((dx * dy).mean())
    likeness = covariance / max(float(np.sqrt(variance * float((dy * dy).mean()))), 1e-6)
    gain = covariance / variance if variance > 1 and likeness > _FITTED else 1.0
    offset = float(y.mean()) - gain * float(x.mean()) if gain != 1.0 else 0.0
    return np.clip(gain * x + offset, 0, 255).astype(np.uint8), likeness


def _flow(first: Gray, second: Gray) -> NDArray[np.float32]:
    """Return dense inverse-search optical flow (Kroeger et al., ECCV 2016): height x width x 2, pixels."""
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(engine.calc(first, second, None), dtype=np.float32)  # type: ignore[call-overload]


def _returning(forth: NDArray[np.float32], back: NDArray[np.float32], frame: Gray) -> float:
    """Return the share of what has structure in ``frame`` that comes back to within a pixel or a tenth of its way."""
    steep = cv2.magnitude(cv2.Sobel(frame, cv2.CV_32F, 1, 0), cv2.Sobel(frame, cv2.CV_32F, 0, 1))
    structure = steep >= max(float(np.percentile(steep, 70)), 8.0)
    height, width = frame.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    there = cv2.remap(back, x + forth[..., 0], y + forth[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    missed = np.hypot(forth[..., 0] + there[..., 0], forth[..., 1] + there[..., 1])
    far = np.hypot(forth[..., 0], forth[..., 1])
    return float((missed <= 1 + 0.1 * far)[structure].mean()) if structure.any() else 0.0


def _zoom(flow: NDArray[np.float32]) -> float:
    """Return the growth of the whole picture: the slopes of the flow's medians by column and by row, if they agree."""
    height, width = flow.shape[:2]
    across, down = np.median(flow[..., 0], axis=0), np.median(flow[..., 1], axis=1)
    grown = float(np.polyfit(np.arange(width), across, 1)[0]), float(np.polyfit(np.arange(height), down, 1)[0])
    wide, narrow = max(grown, key=abs), min(grown, key=abs)
    return narrow if wide * narrow > 0 and abs(wide) < 2 * abs(narrow) else 0.0


def _shift(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how many pixels the picture moved as a whole: to the right, and down."""
    return np.asarray(np.median(flow, axis=(0, 1)))


def _is_shifted(
    shots: tuple[Gray, Gray, Gray, Gray], shift: NDArray[np.float32], beside: Sequence[NDArray[np.float32]]
) -> bool:
    """Return :attr:`Jump.shifted`."""
    far = float(np.hypot(*shift))
    pixels, share = _STANDING
    if far < _LEAST_SHIFT or any(float(other @ shift) / far > pixels + share * far for other in beside):
        return False
    two_before, before, after, two_after = shots
    height, width = before.shape
    right, down = (int(np.ceil(abs(float(by)))) + 1 for by in shift)
    if 2 * right >= width or 2 * down >= height:  # nothing is left of what both show
        return False
    inner = (slice(down, height - down), slice(right, width - right))
    back = np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], dtype=np.float32)
    undone = np.asarray(cv2.warpAffine(after, back, (width, height)), dtype=np.uint8)
    across = leap(thumbnail(before[inner]), thumbnail(undone[inner]))
    usual = max(
        leap(thumbnail(one[inner]), thumbnail(next_[inner]))
        for one, next_ in ((two_before, before), (after, two_after))
    )
    return across <= _AS_ONE * (usual + 0.5)


def _is_replaced(
    shots: tuple[Gray, Gray, Gray, Gray], flows_beside: tuple[NDArray[np.float32], NDArray[np.float32]], around: float
) -> bool:
    """Return whether something takes the place of what was there, as it does in the same line just before and after.

    Where more than two lines change, that says nothing if anything moves beside (``around``, in pixels).
    """
    two_before, before, after, two_after = shots
    change = cv2.absdiff(before, after)
    least = _STRONG * float(np.percentile(change, _STRONGEST))
    height, width = _LINE
    if _rows(change > least) <= _TWO_LINES:
        width = 2 * change.shape[1] + 1
    elif around >= _LEAST_PIXELS:
        return False
    line = np.ones((height, width), dtype=np.uint8)
    changed = change > least
    for one, other, flow in ((two_before, before, flows_beside[0]), (after, two_after, flows_beside[1])):
        left = (cv2.absdiff(one, _undo(other, flow)) > least).astype(np.uint8)
        changed &= cv2.dilate(left, line) > 0
    return float(changed.sum()) >= _MOSTLY * max(float((change > least).sum()), 1.0)


def _is_written(before: Gray, after: Gray) -> bool:
    """Return whether what changes may be two lines of writing."""
    change = cv2.absdiff(before, after)
    strongest = float(np.percentile(change, _STRONGEST))
    return strongest >= _WRITTEN and _rows(change > _FAINTEST * strongest) <= _TWO_LINES


def _is_improved(earlier: Gray, before: Gray) -> bool:
    """Return :attr:`Jump.improved`."""
    change = float(cv2.absdiff(earlier, before).mean())
    left = float(cv2.absdiff(earlier, _undo(before, _flow(earlier, before))).mean())
    return change <= _HARDLY and left >= _UNMOVED * change


def _rows(changed: NDArray[np.bool_]) -> float:
    """Return the share of rows in which anything changes."""
    return float(changed.any(axis=1).mean())


def _speed(flow: NDArray[np.float32]) -> float:
    return float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), 90))


def _undo(frame: Gray, flow: NDArray[np.float32]) -> Gray:
    height, width = frame.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(frame, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)
