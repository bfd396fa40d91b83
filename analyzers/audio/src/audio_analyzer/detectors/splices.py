"""AudioSplice: a stretch of voice that lacks the background of both its sides.

What is added to a background can only raise it: a fan, a door, music, a breath. A stretch whose quiet moments fall
below what is always heard before and after it, while the voice is as loud, was recorded elsewhere, made, or lost some
bands in another codec. The always-heard part of each band is found by minimum statistics (Martin, "Noise Power
Spectral Density Estimation Based on Optimal Smoothing and Minimum Statistics", IEEE Trans. Speech Audio Proc. 9, 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from audio_analyzer.background import BANDS, FRAME_SECONDS, BackgroundMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading

_CHUNK = 1024
_WINDOW, _STRIDE = 32, 4
"""The background is looked for in stretches of a second, eight times a second."""

_OFTEN_PERCENT, _LEAST_PERCENT, _INSIDE_PERCENT, _VOICE_PERCENT = 20, 3, 10, 92
"""Of the frames: a level is often met, least met, met inside, and met by the voice only."""

_STEADY_DB = 8.0
"""A band has a background where its often and its least level, on both sides, lie within this; speech alone spreads
over more. Studio recordings have no such band: about them nothing can be said."""

_CONTEXT, _SEARCH = 180, 18
_SHORTEST, _LONGEST = 22, 625
_STEP_DB, _APART = 4.0, 5
_MOST_STEPS, _NEXT = 400, 8
_VOICE_DB, _LEVEL_DB, _CLEAR_DB = 12.0, 6.0, 6.0
_AS_LOUD_DB = 15.0
LEAST_DB = 1.0
"""Depth from which a stretch is reported."""

_MOST_SCORE = 45
"""Below Suspicious: held-out voices were told from controls little better than by chance, and no real call was measured
(docs/cards/splices.md)."""

Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Splice:
    """A stretch that lacks the background of both its sides.

    Attributes:
        start: seconds.
        end: seconds.
        depth: by how many dB, on average over the bands, its quiet moments fall below what is always heard around it.
        bands: in how many of the 20 bands they fall at least 6 dB below it.
    """

    start: float
    end: float
    depth: float
    bands: int


class AudioSplice(AudioDetector):
    """Stretches of voice that lack the background of both their sides."""

    name = "AudioSplice"
    id = "audio.splice"
    eval_card = "docs/cards/splices.md"
    limitations = (
        "Needs a steady background on both sides: in studio recordings, and where noise is suppressed, splices are "
        "missed.",
        "A splice with the same background, or with a louder one in every band, is not found; nor one under 0.7 s.",
        "Honest editing, a muted or switched microphone, and a noise suppressor that sets in for a while look the "
        "same.",
        "On held-out voices it found few splices, and real calls were not measured: a fact to look into, no evidence.",
    )
    meters = (BackgroundMeter,)

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording."""
        return self.report_on(find_splices(reading.measured(BackgroundMeter)))

    def report_on(self, splices: Sequence[Splice]) -> DetectorReport:
        """Return the report on these splices; their scores stay below Suspicious."""
        findings = [_finding(splice) for splice in splices[:200]]
        return self.report(max((finding.score for finding in findings), default=0), findings)


def _finding(splice: Splice) -> Finding:
    return Finding(
        kind="AudioSplice",
        start_seconds=round(splice.start, 3),
        end_seconds=round(splice.end, 3),
        score=min(20 + round(5 * splice.depth), _MOST_SCORE),
        message=(
            f"The background before and after this stretch is missing in it: {splice.depth:.1f} dB lower on average, "
            f"and at least {_CLEAR_DB:.0f} dB lower in {splice.bands} of {BANDS} bands, while a voice goes on."
        ),
    )


def find_splices(bands: NDArray[np.float16]) -> list[Splice]:
    """Return stretches of 0.7 to 20 s that hold a voice but not the background of both their sides, deepest first.

    Args:
        bands: the result of :class:`BackgroundMeter`.
    """
    if len(bands) < 2 * _WINDOW:
        return []
    levels = bands[:-2].astype(np.float32)
    levels += bands[1:-1]  # in place: two hours are 18 MB
    levels += bands[2:]
    levels /= 3  # a single frame of noise varies by 5 dB
    steps = _steps(levels)
    pairs = [(a, b) for place, a in enumerate(steps) for b in steps[place + 1 : place + 1 + _NEXT]]
    before = {step: _side(levels[max(step - _CONTEXT, 0) : step - 1]) for step in steps}
    after = {step: _side(levels[step + 1 : step + _CONTEXT]) for step in steps}
    compared = [
        _compare(levels, start, end, before[start], after[end])
        for start, end in pairs
        if _SHORTEST <= end - start <= _LONGEST
    ]
    kept: list[Splice] = []
    for splice in sorted(filter(None, compared), key=lambda splice: (-splice.depth, splice.start)):
        if all(splice.end <= other.start or splice.start >= other.end for other in kept):
            kept.append(splice)
    return kept


def _steps(levels: Levels) -> list[int]:
    """Return the frames at which the noise floor changes, in order."""
    count = (len(levels) - _WINDOW) // _STRIDE + 1
    views = np.lib.stride_tricks.sliding_window_view(levels, _WINDOW, axis=0)[::_STRIDE]
    floors = np.zeros((count, BANDS), dtype=np.float32)
    rank = _WINDOW * _OFTEN_PERCENT // 100
    for start in range(0, count, _CHUNK):  # a view is 8 times larger than what it shows
        floors[start : start + _CHUNK] = np.partition(views[start : start + _CHUNK], rank, axis=2)[:, :, rank]
    lag = _WINDOW // _STRIDE
    change = np.mean(np.abs(floors[lag:] - floors[:-lag]), axis=1)
    chosen: list[int] = []
    taken = np.zeros(change.size, dtype=np.bool_)
    for place in np.argsort(-change, kind="stable"):
        if change[place] < _STEP_DB or len(chosen) >= _MOST_STEPS:
            break
        if not taken[place]:
            chosen.append((int(place) + lag) * _STRIDE)
            taken[max(place - _APART, 0) : place + _APART + 1] = True
    return sorted(chosen)


class _Side(NamedTuple):
    """What is beside a stretch: in each band the background's level, the one often reached, and the voice's."""

    background: NDArray[np.float64]
    often: NDArray[np.float64]
    voice: float


def _side(levels: Levels) -> _Side | None:
    """Return the levels beside a stretch; None: there is too little."""
    if len(levels) < _SHORTEST:
        return None
    background, often, voice = np.percentile(levels, (_LEAST_PERCENT, _OFTEN_PERCENT, _VOICE_PERCENT), axis=0)
    return _Side(background, often, float(voice.max()))


def _compare(levels: Levels, start: int, end: int, left: _Side | None, right: _Side | None) -> Splice | None:
    """Return what is missing between two frames; None: no voice, no steady background around it, or nothing missing."""
    if left is None or right is None:
        return None
    background = np.minimum(left.background, right.background)
    steady = np.maximum(left.often, right.often) - background < _STEADY_DB
    if not steady.any():
        return None
    inside, voice = np.percentile(levels[start + 1 : end - 1], (_INSIDE_PERCENT, _VOICE_PERCENT), axis=0)
    missing = np.where(steady, background - inside, 0)
    beside = (left.voice + right.voice) / 2
    # A stretch that was only made softer is softer in every band, and so is the voice in it.
    softer = max(beside - float(voice.max()) + _LEVEL_DB, 0)
    gain = float(np.clip(np.median(missing[steady]), 0, softer))
    depth = np.where(steady, np.maximum(missing - gain, 0), 0)
    if depth.mean() < LEAST_DB:
        return None
    first, last = _edges(levels[:, steady], background[steady] - gain, start, end)
    if last - first < _SHORTEST:
        return None
    loud = float(np.percentile(levels[first + 2 : last - 2], _VOICE_PERCENT, axis=0).max())
    if loud < max(float(background.max()) + _VOICE_DB, beside - _AS_LOUD_DB):
        return None  # without a voice as loud as before it was muted, or not sent
    return Splice(first * FRAME_SECONDS, last * FRAME_SECONDS, float(depth.mean()), int((depth >= _CLEAR_DB).sum()))


def _edges(levels: Levels, background: NDArray[np.float64], start: int, end: int) -> tuple[int, int]:
    """Return the first and the last frame near ``start`` and ``end`` that fall below the background."""
    begin = max(start - _SEARCH, 0)
    below = np.clip(background - levels[begin : end + _SEARCH], 0, 20).mean(axis=1)
    places = np.flatnonzero(below > 1)
    first, last = (int(places[0]), int(places[-1])) if places.size else (start - begin, end - begin)
    return begin + first + 1, begin + last + 2  # frames were smoothed over three
