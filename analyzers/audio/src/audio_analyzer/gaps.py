"""Gaps: stretches in which a recording falls silent far below its own noise, and which of them cut it off. Pure.

Silence alone is ordinary. Noise gates, calls that send no pauses, muting, programs that play sounds, 8 bits and little
gain all leave it. What they have in common: a gate and a call are silent in every pause and only in pauses; muting
lasts; a lost packet is short; few bits, and a converter at its last ones, come to rest for moments of any length. What
is left is a gap as long as a word, which cuts off a loud sound in its middle, or lies between stretches of a noise that
goes on through the other pauses. An edit leaves it, and so do short mutes and dropouts: it ranks, and is no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.runs import runs_of
from audio_analyzer.levels import FRAME_SECONDS, ZERO_DBFS

_FLOOR_PERCENTILE, _LOUD_PERCENTILE = 2, 95
"""Of the frames with sound: without a pause, one in ten is still a word."""

_BELOW_FLOOR_DB = 25.0
"""So far below its own noise no room falls: in 10 ms the noise of one varies by some 10 dB."""

_NO_ROOM_DBFS = -85.0
"""Below the quietest 2 % of 462 of 464 recordings (klettres, Asterisk, pocketsphinx: -82 to -10 dBFS)."""

_SHORTEST_FRAMES = 5
"""50 ms: shorter ones occur where a low-level signal crosses zero, and in codecs."""

_RESTLESS = 2.0
"""Where there are more than twice as many moments of silence as gaps, the recording comes to rest for stretches of any
length: few bits, or little gain."""

_CUT_SECONDS = (0.1, 0.6)
"""Single lost packets are shorter, and a longer one is easily ordinary."""

_LOUD_DB, _BELOW_LOUD_DB, _NEAR_DB = 15.0, 20.0, 10.0
"""A sound is loud so far above the noise, and no further below the loud ones: gates and calls fall silent below that.
From the noise: what is still the noise, since it varies."""

_FLANK, _OPEN, _CLEARLY, _LEAST_OPEN = 5, 20, 1.5, 2
"""Frames: how long the noise goes on beside a gap, and through a pause that a gate would have closed; and
how many times as long as before the usual gap, in how many of them at least."""


@dataclass(frozen=True)
class Gap:
    """Frames of 10 ms, the end exclusive, in which there is nothing.

    Attributes:
        start: first frame.
        end: the one after the last.
        loudest: in dBFS.
        cut: whether it cuts off a sound or a noise that goes on elsewhere.
    """

    start: int
    end: int
    loudest: float
    cut: bool


def find_gaps(dbfs: NDArray[np.float32]) -> list[Gap]:
    """Return the gaps in a recording; none where its own noise comes that close to silence by itself.

    Args:
        dbfs: level of each frame, from the first sound to the last.
    """
    sounding = dbfs[dbfs > ZERO_DBFS]
    if not sounding.size:
        return []
    floor, loud = (float(level) for level in np.percentile(sounding, (_FLOOR_PERCENTILE, _LOUD_PERCENTILE)))
    silences = runs_of(dbfs < min(floor - _BELOW_FLOOR_DB, _NO_ROOM_DBFS))
    whole = [(start, end) for start, end in silences if end - start >= _SHORTEST_FRAMES]
    if len(silences) - len(whole) > _RESTLESS * len(whole):
        return []
    lost = sum((end - start) * FRAME_SECONDS < _CUT_SECONDS[0] for start, end in silences)
    opened = _pauses_are_open(dbfs, floor, whole)
    gaps = [
        Gap(start, end, float(dbfs[start:end].max()), _is_cut(dbfs, floor, loud, start, end, opened=opened))
        for start, end in whole
    ]
    if lost >= sum(gap.cut for gap in gaps):  # a line that loses much loses single packets more often
        return [replace(gap, cut=False) for gap in gaps]
    return gaps


def _is_cut(dbfs: NDArray[np.float32], floor: float, loud: float, start: int, end: int, *, opened: bool) -> bool:
    shortest, longest = _CUT_SECONDS
    before, after = dbfs[max(start - 1 - _FLANK, 0) : start - 1], dbfs[end + 1 : end + 1 + _FLANK]
    if not shortest <= (end - start) * FRAME_SECONDS <= longest or min(before.size, after.size) < _FLANK:
        return False
    if min(before.min(), after.min()) < floor - _NEAR_DB:
        return False  # it fades out or in
    return opened or bool(before[-2:].min() > max(floor + _LOUD_DB, loud - _BELOW_LOUD_DB))


def _pauses_are_open(dbfs: NDArray[np.float32], floor: float, gaps: Sequence[tuple[int, int]]) -> bool:
    """Return whether the noise goes on in pauses that a gate or a call would have closed.

    They hold on for the same time before they close, so it must go on for clearly longer than before the usual gap, in
    half as many pauses as have one.
    """
    near = (dbfs > floor - _NEAR_DB) & (dbfs < floor + _NEAR_DB)
    starts = {start for start, _ in gaps}
    pauses = runs_of(near)
    beside = [end - start for start, end in pauses if any(end + step in starts for step in range(3))]
    held = max(_OPEN, _CLEARLY * float(np.median(beside))) if beside else _OPEN
    opened = sum(end - start > held for start, end in pauses)
    return opened >= max(_LEAST_OPEN, len(beside) / 2)
