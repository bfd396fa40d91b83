"""FrozenFrames: a moving scene stands still from one frame to the next, and goes on as suddenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, ModelCard

_SHORTEST = 6
_STILL = 0.35
"""Mean gray levels between copies of one frame after coding; a real still scene stays under it too, see below."""

_MOVING = 1.0
_CONTRAST = 5.0
"""How many times more must change just before and just after: a scene that comes to rest slows down first."""

_AROUND = 5
_LIMITATIONS = ["A stalled camera or a bad connection freezes the picture as well, and so does a title card."]


def detect_freezes(change: NDArray[np.float32], times: NDArray[np.float64], version: str) -> DetectorReport:
    """Looks for stretches of copies of one frame within movement.

    Args:
        change: mean absolute difference of each frame to the one before, in gray levels.
        times: seconds of each frame.
        version: of the analyzer, for the model card.
    """
    edges = np.diff(np.concatenate([[0], (change[1:] < _STILL).astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    findings = []
    for start, end in zip(starts, ends, strict=True):
        if end - start < _SHORTEST:
            continue
        still = float(change[start:end].mean())
        before, after = change[max(start - _AROUND, 1) : start], change[end + 1 : end + 1 + _AROUND]
        if min(before.size, after.size) == 0:
            continue
        moving = min(float(np.median(before)), float(np.median(after)), float(change[start - 1]))
        if moving < max(_MOVING, _CONTRAST * still):
            continue
        findings.append(
            Finding(
                kind="FrozenFrames",
                start_seconds=round(float(times[start - 1]), 3),
                end_seconds=round(float(times[end - 1]), 3),
                score=min(90, 55 + int(end - start)),
                message=(
                    f"{end - start + 1} frames show one moment ({still:.2f} gray levels of change) "
                    f"between movement ({moving:.1f})."
                ),
            )
        )
    return DetectorReport(
        name="FrozenFrames",
        score=max((finding.score for finding in findings), default=0),
        findings=findings[:200],
        limitations=_LIMITATIONS,
        model=ModelCard(id="video.frozen-frames", version=version),
    )
