"""Which windows of a recording a model scores: evenly over the speech, within a budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from audio_analyzer.levels import FRAME_SAMPLES, FRAME_SECONDS
from audio_analyzer.reading import Span

LEAST_SPEECH_SECONDS = 1.0
"""With less speech a window is not scored at all."""

_FIRST, _FIRST_MOST, _FIRST_EVERY_SECONDS = 6, 32, 60
"""Windows of the first pass: 6, one more for each minute, at most 32. A window of 4 s costs about 0.2 s of CPU time,
and decoding a minute about as much: 30 s with all windows take less than 2 s."""

_STEPS = 2
"""Windows may begin at each half of one, so that no word is always cut."""


@dataclass(frozen=True)
class WindowPlan:
    """Windows of one length.

    Attributes:
        size: samples in one.
        spoken: first samples of all windows that hold speech, in order.
        first: those that are scored in any case.
        total: samples in the recording.
    """

    size: int
    spoken: tuple[int, ...]
    first: tuple[int, ...]
    total: int

    def beside(self, start: int) -> list[int]:
        """Return the windows with speech that lie next to one, before it and after it."""
        return [
            other
            for side in (-1, 1)
            if (near := [spoken for spoken in self.spoken if self.size <= side * (spoken - start) < 3 * self.size // 2])
            for other in (min(near, key=lambda spoken: abs(spoken - start)),)
        ]

    @property
    def needed(self) -> list[int]:
        """First samples of all windows that may be scored."""
        return sorted({*self.first, *(other for start in self.first for other in self.beside(start))})

    def span(self, start: int) -> Span:
        """Return the samples of a window; a recording that is shorter than one is scored whole."""
        return Span(start, min(start + self.size, self.total))


def plan_windows(speech: NDArray[np.bool_], total: int, size: int, preferred_seconds: float) -> WindowPlan:
    """Choose windows.

    Args:
        speech: which frames of 10 ms hold speech.
        total: samples in the recording, at 16 kHz.
        size: samples in a window.
        preferred_seconds: windows with as much speech are preferred; those with less are scored if there are no others.
    """
    starts = list(range(0, max(total - size, 0) + 1, size // _STEPS))
    if total - size - starts[-1] > size // (2 * _STEPS):
        starts.append(total - size)
    until = np.concatenate([[0], np.cumsum(speech)]) * FRAME_SECONDS
    edges = np.minimum(np.array([starts, [start + size for start in starts]]) // FRAME_SAMPLES, speech.size)
    seconds = until[edges[1]] - until[edges[0]]
    for least in (max(preferred_seconds, LEAST_SPEECH_SECONDS), LEAST_SPEECH_SECONDS):
        spoken = [start for start, held in zip(starts, seconds, strict=True) if held >= least - FRAME_SECONDS / 2]
        if spoken:
            break
    most = min(_FIRST + int(total / SAMPLE_RATE / _FIRST_EVERY_SECONDS), _FIRST_MOST)
    chosen = np.unique(np.linspace(0, len(spoken) - 1, min(most, len(spoken))).round().astype(int))
    return WindowPlan(size, tuple(spoken), tuple(spoken[index] for index in chosen), total)
