"""FrozenFrames: a moving scene stands still from one frame to the next, and goes on as suddenly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.runs import runs_of
from video_analyzer.detector import VideoDetector, clause
from video_analyzer.motion import Motion, MotionMeter, leap
from video_analyzer.reading import VideoReading

_SHORTEST = 8
_STILL = 0.15
"""Gray levels by which the most changed tenth of the picture may differ from the frame before: an encoder skips copies
of one frame, so most of them are equal to the last bit."""

_BLIP_FRAMES, _BLIP = 2, 1.0
"""An encoder improves a picture that stands still now and then: so many frames may change more in between, if the
picture is the same, to this many gray levels, afterwards."""

_CONTRAST = 12.0
"""How many times more must move just before and just after. On the clips that were used for setting it, pauses of
people came to 8.0 at most (docs/cards/video.md): what breathes and blinks is not skipped."""

_FAINT = 4.0
"""From here on there is a score, under 50."""

_NOISE = 0.03
_AROUND = 5
_BLANK = 4.0
_FAR = 20
_SAME_SCENE = 0.3
"""Correlation with the picture 20 frames before and after: lower where a still picture fades in, as in a slide show."""

_SAME_PICTURE = 0.7
"""The same with the few frames just before and after, which a freeze continues: at least 0.91 on the clips that were
used for setting it; a card between two scenes came to -0.05 at most."""


class FrozenFrames(VideoDetector):
    """Stretches of copies of one frame within movement; below 50 there is a score alone."""

    name = "FrozenFrames"
    id = "video.frozen-frames"
    limitations = (
        "A stalled camera or a bad connection freezes the picture as well, and so does a title card.",
        "Drawn films hold one picture while nothing in it moves, and screen recordings stand still.",
    )
    meters = (MotionMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        motion = reading.measured(MotionMeter)
        findings = []
        faint = 0
        for start, end in _still_runs(motion):
            still = float(np.percentile(motion.leaps[start:end], 75))
            moving = _movement_around(motion.leaps, start, end)
            contrast = moving / (still + _NOISE)
            if not _within_one_scene(motion.thumbs, start, end):
                continue
            if contrast < _CONTRAST:
                faint = max(faint, round(49 * (contrast - _FAINT) / (_CONTRAST - _FAINT)))
                continue
            findings.append(
                Finding(
                    kind="FrozenFrames",
                    start_seconds=round(float(motion.times[start - 1]), 3),
                    end_seconds=round(float(motion.times[end - 1]), 3),
                    score=min(90, round(50 + 12 * math.log2(contrast / _CONTRAST))),
                    message=(
                        f"{end - start + 1} frames show one moment: what changes most changes by {still:.2f} gray "
                        f"levels, and by {moving:.1f} just before and after."
                    ),
                )
            )
        return self.report(max((finding.score for finding in findings), default=faint), findings)

    def edit(self, report: DetectorReport) -> str:
        """Return how often the picture freezes."""
        return clause(report, "the moving picture freezes once", "the moving picture freezes {} times")


def _still_runs(motion: Motion) -> list[tuple[int, int]]:
    """Return runs of at least 8 frames that show what the one before them shows; ends exclusive."""
    still = motion.leaps < _STILL
    still[[begin for begin in motion.begins if begin < still.size]] = False  # what was before it was not read
    runs: list[tuple[int, int]] = []
    for start, end in runs_of(still):
        joined = bool(runs) and _one_picture(motion, runs[-1][1], start)
        first = runs.pop()[0] if joined else start
        runs.append((first, end))
    return [(start, end) for start, end in runs if end - start >= _SHORTEST]


def _one_picture(motion: Motion, end: int, start: int) -> bool:
    """Return whether the picture after a blip, from ``end`` to ``start``, is the one before it."""
    if start - end > _BLIP_FRAMES or any(end <= begin < start for begin in motion.begins):
        return False
    return leap(motion.thumbs[end - 1], motion.thumbs[start - 1]) <= _BLIP


def _movement_around(leaps: NDArray[np.float32], start: int, end: int) -> float:
    """Return the less of what moves just before and just after; 0 where the recording begins or ends with the run."""
    before, after = leaps[max(start - _AROUND, 1) : start], leaps[end : end + _AROUND]
    if min(before.size, after.size) < _AROUND // 2 + 1:
        return 0.0
    return min(float(np.median(before)), float(np.median(after)))


def _within_one_scene(thumbs: NDArray[np.float32], start: int, end: int) -> bool:
    """Return whether the picture is like those around it, near and far: what a cut or a fade puts in is not."""
    frozen = thumbs[start]
    near = [*thumbs[max(start - _AROUND - 1, 0) : start], *thumbs[end : end + _AROUND]]
    far = [thumbs[max(start - _FAR, 0)], thumbs[min(end + _FAR, len(thumbs) - 1)]]
    return all(
        likeness(frozen, thumb) >= least
        for thumbs_there, least in ((near, _SAME_PICTURE), (far, _SAME_SCENE))
        for thumb in thumbs_there
    )


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the correlation of two thumbnails, -1 to 1; 0 if one of them is blank."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    if min(a.std(), b.std()) < _BLANK:
        return 0.0
    return float((a * b).mean() / (a.std() * b.std()))
