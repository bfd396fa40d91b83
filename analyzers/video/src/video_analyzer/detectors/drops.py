"""DroppedFrames: the scene goes on, but a stretch of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from video_analyzer.copies import copies_in
from video_analyzer.detector import VideoDetector, clause
from video_analyzer.jumps import Jump, is_drop
from video_analyzer.motion import Motion, MotionMeter
from video_analyzer.reading import VideoReading
from video_analyzer.stalls import (
    caught_up,
    comes_to_rest,
    crept,
    held_before,
    leap_after_a_stall,
    leap_to_a_card,
    part_stood_before,
    stood_before,
)
from video_analyzer.stored import NOT_KNOWN, Stored, leap_without_data

_LEAP = 1.78
"""How many times further the picture must leap than elsewhere (:attr:`Jump.stands_out`). On the clips that were used
for setting it, 1.62 was the most within one scene and without an edit (docs/cards/video.md)."""

_FAINT = 1.0
"""From here on there is a score, under 50."""

_SEAM_FRAMES = 3

_FEW_LEAP = 2.2
"""Few pictures a second differ much from each other anyway: a leap must exceed what is near and what is far by this."""

_OTHERS, _LEAST_FAR = 2, 0.8
"""If so many other jumps around it are nearly as far, or anything leaps farther than this allows, a leap is how things
move here: strokes, or pictures that come in fits and starts."""

_STOOD = 1.6
"""If the picture before the leap was shown so many times longer than usual, time passed and the scene moved on: a
camera or a connection stalled."""

_MOST_FACTS = 20

_EVEN = 4
"""Distances between key frames, at least, of which the usual one says that they are even."""


class DroppedFrames(VideoDetector):
    """Jumps that are missing time; the score grows with how far the picture leaps."""

    name = "DroppedFrames"
    id = "video.dropped-frames"
    limitations = (
        "A jump cut, as editors make them on purpose, is a dropped stretch as well.",
        "A stretch that is cut out where nothing moves, the picture stalls, or the scene changes, cannot be seen.",
    )
    meters = (MotionMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        motion = reading.measured(MotionMeter)
        copies = reading.computed(copies_in).found
        seams = [seam for copy in copies for seam in (copy.second, copy.second + copy.frames)]
        return self.report_on(motion, seams, healed(motion, reading.keys), Stored(reading.sizes, reading.keys))

    def report_on(
        self, motion: Motion, seams: Sequence[int], mended: Sequence[int] = (), stored: Stored = NOT_KNOWN
    ) -> DetectorReport:
        """Return the report on this motion.

        Args:
            motion: with every place that stands out.
            seams: frames where a copied stretch begins or ends: the scene leaps there too, but nothing is missing.
            mended: key frames at which the picture changes for what was lost before.
            stored: in how many bytes the frames were stored.
        """
        few = motion.few_pictures
        edits: list[Finding] = []
        facts: list[Finding] = []
        faint = 0
        for jump in motion.jumps:
            at_seam = any(abs(jump.frame - seam) <= _SEAM_FRAMES for seam in seams)
            if not is_drop(jump) or at_seam or jump.frame in mended:
                continue
            leap = min(jump.change_ratio, jump.far_ratio) * _LEAP / _FEW_LEAP if few else jump.stands_out
            if leap < _LEAP or jump.others >= _OTHERS or jump.far_ratio < _LEAST_FAR:
                faint = max(faint, min(round(49 * (leap - _FAINT) / (_LEAP - _FAINT)), 49))
            elif (stood := _stood(motion, jump)) >= _STOOD:
                facts.append(leap_after_a_stall(motion.times, jump.frame, stood))
            elif comes_to_rest(motion.leaps, jump.frame):
                facts.append(leap_to_a_card(motion.times, jump.frame))
            elif stored.brings_nothing(jump.frame):
                facts.append(leap_without_data(motion.times, jump.frame))
            else:
                edits.append(_finding(jump, leap, motion.times))
        return self.report(max((finding.score for finding in edits), default=faint), [*edits, *facts[:_MOST_FACTS]])

    def edit(self, report: DetectorReport) -> str:
        """Return how many stretches are missing."""
        return clause(report, "a stretch of the picture is missing", "{} stretches of the picture are missing")


def healed(motion: Motion, keys: Sequence[int]) -> list[int]:
    """Return the key frames at which a leap is no evidence, since what was lost before them shows no more.

    Where packets are lost, a decoder goes on from a picture that was never sent, and a key frame mends it at one blow:
    if the time stamps leave a gap since the key frame before, or if it is one of many that come at even distances.
    """
    if not keys:
        return []
    gaps = np.flatnonzero(np.diff(motion.times) > _STOOD * motion.interval) + 1
    distances = np.diff(keys)
    usual = int(np.median(distances)) if distances.size >= _EVEN else -1
    even = {after for before, after in pairwise(keys) if after - before == usual}
    return [after for before, after in pairwise(keys) if after in even or np.any((gaps > before) & (gaps <= after))]


def _stood(motion: Motion, jump: Jump) -> float:
    at = jump.frame
    stood = (stood_before(motion.leaps, at), part_stood_before(motion, at), held_before(motion, at))
    return max(jump.stood, *stood, caught_up(motion, at), crept(motion, at) if jump.improved else 0)


def _finding(jump: Jump, leap: float, times: NDArray[np.float64]) -> Finding:
    return Finding(
        kind="DroppedFrames",
        start_seconds=round(float(times[jump.frame - 1]), 3),
        end_seconds=round(float(times[jump.frame]), 3),
        score=min(95, round(50 + 8 * (leap - _LEAP))),
        message=(
            f"The scene leaps {jump.change_ratio:.1f} times further than just before and after, and "
            f"{jump.far_ratio:.1f} times further than elsewhere in fifty pictures: a stretch is missing."
        ),
    )
