"""DroppedFrames: the scene goes on, but a stretch of it is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from video_analyzer.detector import VideoDetector, clause
from video_analyzer.detectors.duplicates import copies_in
from video_analyzer.jumps import Jump, is_drop
from video_analyzer.motion import MotionMeter
from video_analyzer.reading import VideoReading

_LEAP = 1.78
"""How many times further the picture must leap than elsewhere (:attr:`Jump.stands_out`). On the clips that were used
for setting it, 1.62 was the most within one scene and without an edit (docs/cards/video.md)."""

_FAINT = 1.0
"""From here on there is a score, under 50."""

_SEAM_FRAMES = 3


class DroppedFrames(VideoDetector):
    """Jumps that are missing time; the score grows with how far the picture leaps."""

    name = "DroppedFrames"
    id = "video.dropped-frames"
    limitations = (
        "A jump cut, as editors make them on purpose, is a dropped stretch as well.",
        "A stretch that is cut out where nothing moves, or at a change of scene, cannot be seen.",
    )
    meters = (MotionMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        motion = reading.measured(MotionMeter)
        copies = reading.computed(copies_in).found
        seams = [seam for copy in copies for seam in (copy.second, copy.second + copy.frames)]
        return self.report_on(motion.jumps, motion.times, seams)

    def report_on(self, jumps: Iterable[Jump], times: NDArray[np.float64], seams: Sequence[int]) -> DetectorReport:
        """Return the report on these jumps.

        Args:
            jumps: every place that stands out.
            times: seconds of each frame.
            seams: frames where a copied stretch begins or ends: the scene leaps there too, but nothing is missing.
        """
        findings = []
        faint = 0
        for jump in jumps:
            if not is_drop(jump) or any(abs(jump.frame - seam) <= _SEAM_FRAMES for seam in seams):
                continue
            leap = jump.stands_out
            if leap < _LEAP:
                faint = max(faint, round(49 * (leap - _FAINT) / (_LEAP - _FAINT)))
                continue
            findings.append(_finding(jump, times))
        return self.report(max((finding.score for finding in findings), default=faint), findings)

    def edit(self, report: DetectorReport) -> str:
        """Return how many stretches are missing."""
        return clause(report, "a stretch of the picture is missing", "{} stretches of the picture are missing")


def _finding(jump: Jump, times: NDArray[np.float64]) -> Finding:
    return Finding(
        kind="DroppedFrames",
        start_seconds=round(float(times[jump.frame - 1]), 3),
        end_seconds=round(float(times[jump.frame]), 3),
        score=min(95, round(50 + 8 * (jump.stands_out - _LEAP))),
        message=(
            f"The scene leaps {jump.change_ratio:.1f} times further than just before and after, and "
            f"{jump.far_ratio:.1f} times further than elsewhere in fifty frames: a stretch is missing."
        ),
    )
