"""FrozenFrames: a moving scene stands still from one frame to the next, and goes on as suddenly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.runs import runs_of
from video_analyzer.detector import VideoDetector, clause
from video_analyzer.leaps import leap
from video_analyzer.motion import STILL, Motion, MotionMeter, more_frames
from video_analyzer.reading import VideoReading
from video_analyzer.stalls import BLIP_FRAMES, SHORTEST, standing_picture

_BLIP, _BLIP_SHARE = 1.0, 0.2
"""An encoder improves a picture that stands still now and then: a few frames may change more in between, if the picture
is the same, to this many gray levels, afterwards, or to this share of what moves just before or just after."""

_MIXED_SHARE = 0.3
"""The same share for frames at its end, into which an encoder may have mixed the next picture."""

_REFRESH = 2
"""Frames from a key frame on."""

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


_STALLED = 20
"""Score of a stall: it ranks below evidence, and above recordings without any."""

_WENT_ON = 0.25
"""If the picture after a freeze differs from the frozen one by more than this share of what frames so far apart mostly
differ by, time went on meanwhile: a camera or a connection stalled. Copies that are put in come to less, or go on with
the very next picture."""

_LEAPT = 2.0
"""It went on too if the picture leaps so many times farther, within the few frames after a freeze, than anything beside
them: an encoder mixes the new picture into the last ones of the old.
"""

_NEARER = 0.8
"""Share of the least by which other frames so far apart differ: a nearer picture did not come later by itself."""

_STANDS = 0.4
"""Share of the other frames that stand still too: slides, screens and drawn films."""

_DRAWN, _UNCHANGED, _LONG = 0.75, 0.1, 30
"""On a screen, and in drawn films, most of the picture stands while something moves: the share of it (0.55 at most
beside frozen stretches that were put in, before a wall in a studio), the gray levels by which it changes at most, and
the frames in which it does."""

_SAMPLES = 12
_GAP = 1.6
"""Times the usual distance of frames: the time stamps themselves say that none came."""


class FrozenFrames(VideoDetector):
    """Stretches of copies of one frame within movement; below 50 there is a score alone."""

    name = "FrozenFrames"
    id = "video.frozen-frames"
    limitations = (
        "Where a stalled camera or connection catches up with itself, and leaps nowhere, that looks like a freeze.",
        "A freeze after which the scene goes on at a later moment is listed as a fact: cameras and connections stall.",
    )
    meters = (MotionMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording."""
        motion = reading.measured(MotionMeter)
        edits: list[Finding] = []
        stalls: list[Finding] = []
        faint = 0
        for start, end in _still_runs(motion):
            still = _stillness(motion.leaps, start, end, reading.keys)
            moving = _movement_around(motion.leaps, start, end)
            contrast = moving / (still + _NOISE)
            if not _within_one_scene(motion.thumbs, start, end):
                continue
            if contrast < _CONTRAST:
                faint = max(faint, round(49 * (contrast - _FAINT) / (_CONTRAST - _FAINT)))
            elif _stalled(motion, start, end):
                stalls.append(standing_picture(motion.times, start, end))
                faint = max(faint, _STALLED)
            else:
                edits.append(_finding(motion.times, start, end, still, moving))
        return self.report(max((finding.score for finding in edits), default=faint), [*edits, *stalls])

    def edit(self, report: DetectorReport) -> str:
        """Return how often the picture freezes."""
        return clause(report, "the moving picture freezes once", "the moving picture freezes {} times")


def _stillness(leaps: NDArray[np.float32], start: int, end: int, keys: Sequence[int]) -> float:
    """Return what changes most in a run, in gray levels: in three of four frames, without what an encoder refreshes.

    A key frame, and the one after it, show a picture that stands as another encoding of it.
    """
    refreshed = {key + step for key in keys for step in range(_REFRESH)}
    own = [leaps[frame] for frame in range(start, end) if frame not in refreshed]
    return float(np.percentile(own or leaps[start:end], 75))


def _finding(times: NDArray[np.float64], start: int, end: int, still: float, moving: float) -> Finding:
    contrast = moving / (still + _NOISE)
    return Finding(
        kind="FrozenFrames",
        start_seconds=round(float(times[start - 1]), 3),
        end_seconds=round(float(times[end - 1]), 3),
        score=min(90, round(50 + 12 * math.log2(contrast / _CONTRAST))),
        message=(
            f"{end - start + 1} frames show one moment: what changes most changes by {still:.2f} gray "
            f"levels, and by {moving:.1f} just before and after."
        ),
    )


def _stalled(motion: Motion, start: int, end: int) -> bool:
    """Return whether a run may stand still by itself.

    Time went on meanwhile, so much else stands still, or only few pictures came at all: then the next ones are late.
    """
    steps = np.diff(motion.times[start - 1 : end])
    if steps.size and steps.max() > _GAP * motion.interval:
        return True
    others = np.concatenate([motion.leaps[1:start], motion.leaps[end:]])
    if motion.few_pictures or float(np.mean(others < STILL)) >= _STANDS or _is_drawn(motion.thumbs, start, end):
        return True
    length, thumbs = end - start + 1, motion.thumbs
    before = range(max(start - length - _SAMPLES, 0), max(start - length, 0))
    after = range(end, min(end + _SAMPLES, len(thumbs) - length))
    apart = [leap(thumbs[at], thumbs[at + length]) for at in (*before, *after)]
    if not apart:
        return False
    on, least = leap(thumbs[end - 1], thumbs[end]), _WENT_ON * float(np.percentile(apart, 25))
    if _leapt_after(motion, start, end) > least:
        return True
    return on > least and not _goes_on_next(motion, start, end, on, min(apart))


def _is_drawn(thumbs: NDArray[np.float32], start: int, end: int) -> bool:
    """Return whether most of the picture stands before or after a freeze, although something moves there."""
    before, after = thumbs[max(start - _LONG, 0)], thumbs[min(end + _LONG, len(thumbs) - 1)]
    pairs = ((before, thumbs[start - 1]), (thumbs[end - 1], after))
    return any(float(np.mean(np.abs(one - other) < _UNCHANGED)) >= _DRAWN for one, other in pairs)


def _leapt_after(motion: Motion, start: int, end: int) -> float:
    """Return how far the picture leaps within the few frames after a freeze, if nothing beside leaps nearly as far."""
    few = end + BLIP_FRAMES + 1
    beside = [*motion.leaps[max(start - _AROUND, 1) : start], *motion.leaps[few : few + _AROUND]]
    farthest = float(motion.leaps[end:few].max(initial=0.0))
    return farthest if beside and farthest > _LEAPT * float(np.max(beside)) else 0.0


def _goes_on_next(motion: Motion, start: int, end: int, on: float, least: float) -> bool:
    """Return whether the picture after a freeze is the next one.

    It is no farther away than neighbours are, and nearer than any others so far apart.
    """
    beside = [*motion.leaps[max(start - _AROUND, 1) : start], *motion.leaps[end + 1 : end + 1 + _AROUND]]
    return bool(beside) and on <= min(float(np.max(beside)), _NEARER * least)


def _still_runs(motion: Motion) -> list[tuple[int, int]]:
    """Return runs of at least 8 frames that show what the one before them shows; ends exclusive."""
    still = motion.leaps < STILL
    still[[begin for begin in motion.begins if begin < still.size]] = False  # what was before it was not read
    runs: list[tuple[int, int]] = []
    for start, end in runs_of(still):
        joined = bool(runs) and _one_picture(motion, runs[-1], start)
        first = runs.pop()[0] if joined else start
        runs.append((first, end))
    shortest = SHORTEST * more_frames(motion.interval)
    return [(start, _improved(motion, start, end)) for start, end in runs if end - start >= shortest]


def _one_picture(motion: Motion, run: tuple[int, int], start: int) -> bool:
    """Return whether the picture after a blip, from the end of ``run`` to ``start``, is the one before it."""
    first, end = run
    if start - end > BLIP_FRAMES or any(end <= begin < start for begin in motion.begins):
        return False
    moved = float(motion.leaps[max(first - _AROUND, 0) : first].max(initial=0.0))
    return leap(motion.thumbs[end - 1], motion.thumbs[start - 1]) <= max(_BLIP, _BLIP_SHARE * moved)


def _improved(motion: Motion, start: int, end: int) -> int:
    """Return the end of a run with the few frames after it that hardly change beside what moves then."""
    after = motion.leaps[end : end + BLIP_FRAMES + _AROUND]
    if after.size < BLIP_FRAMES + _AROUND or end - start < SHORTEST:
        return end
    least = _MIXED_SHARE * float(np.median(after[BLIP_FRAMES:]))
    blips = 0
    while blips < BLIP_FRAMES and after[blips] < least:
        blips += 1
    return end + blips


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
