"""FrozenFrames: a moving scene stands still from one frame to the next, and goes on as suddenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, ModelCard
from video_analyzer.motion import Motion

_SHORTEST = 6
_STILL, _STILL_MOST, _STILL_SHARE = 0.35, 0.9, 0.15
"""Mean gray levels between copies of one frame: coding leaves up to 0.35, more after strong movement."""

_MOVING = 0.8
_CONTRAST = 5.0
"""How many times more must change just before and just after: a scene that comes to rest slows down first."""

_AROUND = 5
_BLANK = 4.0
_WINDOW = 15
_FAR = 20
_SAME_SCENE = 0.3
"""Correlation with the picture 20 frames before and after: lower where a still picture fades in, as in a slide show."""

_LIMITATIONS = ["A stalled camera or a bad connection freezes the picture as well, and so does a title card."]


def detect_freezes(motion: Motion, version: str) -> DetectorReport:
    """Looks for stretches of copies of one frame within movement.

    Args:
        motion: what is known of each frame.
        version: of the analyzer, for the model card.
    """
    findings = []
    for start, end in _still_runs(motion.change):
        still = float(motion.change[start:end].mean())
        moving = _movement_around(motion.change, start, end)
        if moving < max(_MOVING, _CONTRAST * still) or not _within_one_scene(motion.thumbs, start, end):
            continue
        findings.append(
            Finding(
                kind="FrozenFrames",
                start_seconds=round(float(motion.times[start - 1]), 3),
                end_seconds=round(float(motion.times[end - 1]), 3),
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


def _still_runs(change: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs of at least 6 frames that hardly differ from the one before; ends exclusive."""
    if change.size <= _SHORTEST:
        return []
    padded = np.pad(change, _WINDOW, mode="edge")
    local = np.percentile(np.lib.stride_tricks.sliding_window_view(padded, 2 * _WINDOW + 1), 75, axis=1)
    still = change < np.clip(_STILL_SHARE * local, _STILL, _STILL_MOST)
    still[0] = False  # the first frame has none before it
    edges = np.diff(np.concatenate([[0], still.astype(np.int8), [0]]))
    runs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [(int(start), int(end)) for start, end in runs if end - start >= _SHORTEST]


def _movement_around(change: NDArray[np.float32], start: int, end: int) -> float:
    """The least that changes just before and just after; 0 where the recording begins or ends with the run."""
    before, after = change[max(start - _AROUND, 1) : start], change[end + 1 : end + 1 + _AROUND]
    if min(before.size, after.size) == 0:
        return 0.0
    return min(float(np.median(before)), float(np.median(after)), float(change[start - 1]))


def _within_one_scene(thumbs: NDArray[np.float32], start: int, end: int) -> bool:
    frozen = thumbs[start]
    before, after = thumbs[max(start - _FAR, 0)], thumbs[min(end + _FAR, len(thumbs) - 1)]
    return min(likeness(frozen, before), likeness(frozen, after)) >= _SAME_SCENE


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Correlation of two thumbnails, -1 to 1; 0 if one of them is blank."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    if min(a.std(), b.std()) < _BLANK:
        return 0.0
    return float((a * b).mean() / (a.std() * b.std()))
