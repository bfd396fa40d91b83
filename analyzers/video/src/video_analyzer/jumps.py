"""DroppedFrames: the scene goes on, but a stretch of it is missing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, ModelCard

Gray = NDArray[np.uint8]

_FLOW_RATIO = 3.0
"""How many times further things must move across the jump than just before and after."""

_LEAPT_RATIO = 1.5
"""The same where the scene stays recognisable: a steady camera, and something in the picture leaps."""

_LEAST_PIXELS = 2.0
"""Smallest movement, of 320 pixels' width, that counts as a jump; less is a shake of the hand."""

_CHANGE_RATIO = 3.0
_EXPLAINED = 0.72
"""Share of the difference that may remain after undoing the movement. Measured on three real clips and five drawn
scenes: 0.31 to 0.64 across dropped stretches, 0.82 to 0.96 across cuts to another scene, 0.46 to 0.86 for a lamp.
The threshold was set on these same clips: its error rate elsewhere is not known."""

_SAME_SCENE = 0.75
_STRONG_CHANGE = 40.0
"""Gray levels by which the most changed 1 % must differ: a key frame's fresh start changes all of it by a few."""

_SEAM_FRAMES = 3

_LIMITATIONS = [
    "A jump cut, as editors make them on purpose, is a dropped stretch as well.",
    "A stretch that is cut out where nothing moves, or at a change of scene, cannot be seen.",
]


@dataclass(frozen=True)
class Jump:
    """One frame that differs from the one before more than its neighbours do.

    Attributes:
        frame: its index.
        change_ratio: its difference over the largest one around it.
        flow: pixels that the fastest 10 % moved across it (optical flow).
        flow_around: the same just before and after, the larger.
        residual: share of the difference left when the movement is undone, 0 to 1.
        likeness: correlation of the frames on both sides, after fitting brightness, -1 to 1.
        strongest: gray levels by which the most changed 1 % of the picture differ, after fitting brightness.
    """

    frame: int
    change_ratio: float
    flow: float
    flow_around: float
    residual: float
    likeness: float
    strongest: float


def measure_jump(frame: int, shots: tuple[Gray, Gray, Gray, Gray], change_ratio: float) -> Jump:
    """Measures the jump between the second and the third of four neighbouring frames (height x width, gray)."""
    two_before, before, after, two_after = shots
    fitted, likeness = _fit_brightness(before, after)
    flow = _flow(fitted, after)
    warped = _undo(after, flow)
    raw = float(cv2.absdiff(fitted, after).mean())
    left = float(cv2.absdiff(fitted, warped).mean())
    return Jump(
        frame=frame,
        change_ratio=change_ratio,
        flow=_speed(flow),
        flow_around=max(_speed(_flow(two_before, before)), _speed(_flow(after, two_after))),
        residual=left / max(raw, 0.05),
        likeness=likeness,
        strongest=float(np.percentile(cv2.absdiff(fitted, after), 99)),
    )


def is_drop(jump: Jump) -> bool:
    """Whether a jump is missing time in one scene, rather than a cut, a flash, a lamp, or a fresh key frame."""
    if jump.residual > _EXPLAINED or jump.flow < _LEAST_PIXELS:
        return False
    leapt = (
        jump.change_ratio >= _CHANGE_RATIO
        and jump.likeness >= _SAME_SCENE
        and jump.strongest >= _STRONG_CHANGE
        and jump.flow >= _LEAPT_RATIO * jump.flow_around
    )
    return leapt or jump.flow >= _FLOW_RATIO * jump.flow_around


def report_drops(jumps: list[Jump], times: NDArray[np.float64], seams: list[int], version: str) -> DetectorReport:
    """One finding for each jump that is missing time; the score grows with how far the picture leaps.

    Args:
        jumps: every place that stands out.
        times: seconds of each frame.
        seams: frames where a copied stretch begins or ends: the scene leaps there too, but nothing is missing.
        version: of the analyzer, for the model card.
    """
    findings = []
    for jump in jumps:
        if not is_drop(jump) or any(abs(jump.frame - seam) <= _SEAM_FRAMES for seam in seams):
            continue
        leap = max(jump.change_ratio, jump.flow / max(jump.flow_around, 0.5))
        findings.append(
            Finding(
                kind="DroppedFrames",
                start_seconds=round(float(times[jump.frame - 1]), 3),
                end_seconds=round(float(times[jump.frame]), 3),
                score=min(95, round(50 + 5 * leap)),
                message=(
                    f"The scene leaps {leap:.1f} times further than just before and after "
                    f"({jump.flow:.1f} pixels of 320): a stretch is missing."
                ),
            )
        )
    return DetectorReport(
        name="DroppedFrames",
        score=max((finding.score for finding in findings), default=0),
        findings=findings[:200],
        limitations=_LIMITATIONS,
        model=ModelCard(id="video.dropped-frames", version=version),
    )


def _fit_brightness(before: Gray, after: Gray) -> tuple[Gray, float]:
    """``before`` with gain and offset fitted to ``after``, and their correlation: a lamp switched on is no jump."""
    x, y = before.astype(np.float32), after.astype(np.float32)
    dx, dy = x - x.mean(), y - y.mean()
    variance = float((dx * dx).mean())
    covariance = float((dx * dy).mean())
    likeness = covariance / max(float(np.sqrt(variance * float((dy * dy).mean()))), 1e-6)
    gain = covariance / variance if variance > 1 and likeness > _SAME_SCENE / 2 else 1.0
    offset = float(y.mean()) - gain * float(x.mean()) if gain != 1.0 else 0.0
    return np.clip(gain * x + offset, 0, 255).astype(np.uint8), likeness


def _flow(first: Gray, second: Gray) -> NDArray[np.float32]:
    """Dense inverse-search optical flow (Kroeger et al., ECCV 2016): height x width x 2, pixels."""
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(engine.calc(first, second, None), dtype=np.float32)  # type: ignore[call-overload]


def _speed(flow: NDArray[np.float32]) -> float:
    return float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), 90))


def _undo(frame: Gray, flow: NDArray[np.float32]) -> Gray:
    height, width = frame.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(frame, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)
