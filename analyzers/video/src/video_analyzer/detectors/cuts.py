"""SceneCuts: where another scene begins, as facts with score 0. Films are made of cuts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from video_analyzer.detector import VideoDetector
from video_analyzer.jumps import Jump, is_drop, is_other_scene
from video_analyzer.motion import MotionMeter
from video_analyzer.reading import VideoReading

_LEAST_LEAP = 2.0


class SceneCuts(VideoDetector):
    """Places where another scene begins."""

    name = "SceneCuts"
    id = "video.scene-cuts"
    limitations = ("Dissolves and cuts between scenes that look alike are not listed.",)
    meters = (MotionMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        motion = reading.measured(MotionMeter)
        return self.report_on(motion.jumps, motion.times)

    def report_on(self, jumps: Iterable[Jump], times: NDArray[np.float64]) -> DetectorReport:
        """Return the report on these jumps; ``times`` are the frames' seconds."""
        cuts = [
            jump for jump in jumps if is_other_scene(jump) and jump.change_ratio >= _LEAST_LEAP and not is_drop(jump)
        ]
        return self.report(
            0,
            [
                Finding(
                    kind="SceneCut",
                    start_seconds=round(float(times[jump.frame - 1]), 3),
                    end_seconds=round(float(times[jump.frame]), 3),
                    score=0,
                    message="Another scene begins here. That is a fact and no evidence.",
                )
                for jump in cuts
            ],
        )
