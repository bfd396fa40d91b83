"""DuplicatedFrames and LoopedFrames: a stretch of moving picture that occurs twice, or again and again."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding
from video_analyzer.copies import SHARP, Copy
from video_analyzer.detector import VideoDetector, clause
from video_analyzer.motion import MotionMeter
from video_analyzer.reading import VideoReading
from video_analyzer.seams import Judged, judged_in

_FAINT = 0.85
"""From here on nothing at all is said; between the two there is a score under 50."""

_NATURAL = 20
"""Highest score of what comes back by nature: it ranks below evidence, and above recordings without any."""


class _CopyDetector(VideoDetector):
    """One kind of copies, with one finding for each stretch; below 50 there is a score alone."""

    limitations = (
        "A copy is told from what repeats by nature (a rope, a fan, a lamp, a drawing) by the leap where it begins: "
        "one without a leap is listed as a fact.",
        "Copies more than 3,600 frames apart, or where almost nothing moves, are not found.",
    )
    meters = (MotionMeter,)
    looped: ClassVar[bool]

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        return self.report_on(reading.computed(judged_in), reading.measured(MotionMeter).times)

    def report_on(self, judged: Judged, times: NDArray[np.float64]) -> DetectorReport:
        """Return the report on the copies of this kind; ``times`` are the frames' seconds."""
        sharp = judged.sharpest <= SHARP
        faint = round(_NATURAL * (1 - judged.sharpest)) if sharp else _score(judged.sharpest)
        natural = [copy for copy in judged.natural if copy.looped is self.looped]
        edits = [self._finding(copy, times) for copy in judged.edits if copy.looped is self.looped]
        facts = [_fact(copy, times) for copy in natural]
        return self.report(max((finding.score for finding in edits), default=faint), [*edits, *facts])

    def _finding(self, copy: Copy, times: NDArray[np.float64]) -> Finding:
        start, end = _place(copy, times)
        score, message = max(_score(copy.sharpness), SUSPICIOUS_FROM), _message(copy, times)
        return Finding(kind=self.name, start_seconds=start, end_seconds=end, score=score, message=message)


def _fact(copy: Copy, times: NDArray[np.float64]) -> Finding:
    start, end = _place(copy, times)
    message = (
        f"The picture comes back to what it showed at {times[copy.first]:.2f} s without a leap, as rhythmic movement, "
        "a machine, a lamp, a counter or a drawing does. That is a fact and no evidence."
    )
    return Finding(kind="RepeatedMovement", start_seconds=start, end_seconds=end, score=0, message=message)


def _place(copy: Copy, times: NDArray[np.float64]) -> tuple[float, float]:
    end = min(copy.second + copy.frames, times.size - 1)
    return round(float(times[copy.second]), 3), round(float(times[end]), 3)


class DuplicatedFrames(_CopyDetector):
    """Stretches of the picture that repeat an earlier one."""

    name = "DuplicatedFrames"
    id = "video.duplicated-frames"
    looped = False

    def edit(self, report: DetectorReport) -> str:
        """Return how many stretches repeat."""
        return clause(
            report,
            "a stretch of the picture repeats an earlier one",
            "{} stretches of the picture repeat earlier ones",
        )


class LoopedFrames(_CopyDetector):
    """Stretches of the picture that repeat again and again."""

    name = "LoopedFrames"
    id = "video.looped-frames"
    looped = True

    def edit(self, report: DetectorReport) -> str:
        """Return how many stretches loop."""
        return clause(report, "a stretch of the picture runs in a loop", "{} stretches of the picture run in loops")


def _message(copy: Copy, times: NDArray[np.float64]) -> str:
    clearer = f"the copies differ {1 / max(copy.sharpness, 0.01):.1f} times less than frames beside them do."
    if copy.looped:
        lag = copy.second - copy.first
        return (
            f"{lag} moving frames from {times[copy.first]:.2f} s on go on repeating, {copy.frames / lag:.0f} times: "
            + (clearer)
        )
    return f"{copy.frames} moving frames repeat those at {times[copy.first]:.2f} s: {clearer}"


def _score(sharpness: float) -> int:
    """Return 50 at the threshold, 98 at a tenth, 0 from 0.85 on."""
    if sharpness <= SHARP:
        return min(98, round(50 + 48 * (SHARP - sharpness) / (SHARP - 0.1)))
    return max(0, round(49 * (_FAINT - sharpness) / (_FAINT - SHARP)))
