"""Copies of speech that are no edit: what a program plays at regular times or out of nothing, announcements, echoes.

Whoever copies speech joins sounds that did not follow each other. An announcement that is played again is alone: before
and after it there is no speech. An echo comes back at once, and softer. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.runs import runs_of
from audio_analyzer.candidates import Candidate
from audio_analyzer.fingerprints import HOP_SECONDS, Fingerprints
from audio_analyzer.levels import FRAME_SECONDS, ZERO_DBFS
from audio_analyzer.reading import Span

Frames = NDArray[np.bool_]

_PLACE = 0.3
"""Seconds to which a stretch's beginning and end are known."""

_ALONE, _JOINED = 1.0, 1.0
"""Seconds around an announcement without other speech, and of the pauses within one."""

_FAINT_BITS, _FAINT_HOPS = 0.44, 63
"""Share of the bits in which fingerprints of what is heard again under other sound may differ, in a second: those of
any two seconds differ in half of them."""

_BEATS, _OFF_BEAT_SECONDS = 3, 0.1
"""So many copies at multiples of one period were played by a program, with a voice in them or not."""

_ECHO_SECONDS = 3.0
"""The longest way of an echo: over a satellite and back, twice."""

_BESIDE_SECONDS, _LEAST_SECONDS = 6.0, 2.0
_LAG_SAMPLES, _AROUND_SAMPLES = 1024, 6000
_PEAK = 10.0
"""How far an echo stands out of the cepstrum around it, in standard deviations: 9 at least for a fifth of the sound
after GSM, 25 and more for half of it; 7 at most in speech without an echo."""


@dataclass(frozen=True)
class Copied:
    """Two stretches that are alike.

    Attributes:
        candidate: where they are.
        likeness: their correlation, 0 to 1.
        echo: whether the sound before or after them has an echo as long after it as the second comes after the first.
    """

    candidate: Candidate
    likeness: float
    echo: bool = False

    @property
    def lag(self) -> float:
        """Seconds from the first to the second."""
        return self.candidate.second - self.candidate.first

    @property
    def stretches(self) -> tuple[slice, slice]:
        """Both as frames of 10 ms."""
        first, second = (
            slice(round(start / FRAME_SECONDS), round((start + self.candidate.seconds) / FRAME_SECONDS))
            for start in (self.candidate.first, self.candidate.second)
        )
        return first, second


def is_regular(lags: Sequence[float]) -> bool:
    """Return whether copies come at multiples of one period, as what a program plays.

    Args:
        lags: seconds from each first stretch to its copy.
    """
    if len(lags) < _BEATS:
        return False
    period = min(lags)
    return all(abs(lag - round(lag / period) * period) <= _OFF_BEAT_SECONDS for lag in lags)


def beside(candidate: Candidate) -> list[Span]:
    """Return the samples before and after two stretches that may be an echo; none if they are too far apart."""
    if candidate.second - candidate.first > _ECHO_SECONDS:
        return []
    before, after = candidate.first - _PLACE, candidate.second + candidate.seconds + _PLACE
    ends = ((max(before - _BESIDE_SECONDS, 0.0), before), (after, after + _BESIDE_SECONDS))
    spans = (Span(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)) for start, end in ends)
    return [span for span in spans if span.end - span.start >= _LEAST_SECONDS * SAMPLE_RATE]


def has_echo(samples: NDArray[np.float32], seconds: float) -> bool:
    """Return whether all of a sound is heard again after so many seconds: its cepstrum has a peak there."""
    at = round(seconds * SAMPLE_RATE)
    if samples.size < max(_LEAST_SECONDS * SAMPLE_RATE, at + _AROUND_SAMPLES):
        return False
    spectrum = np.fft.rfft(samples * np.hanning(samples.size), 2 * samples.size)
    cepstrum = np.fft.irfft(np.log(np.square(np.abs(spectrum)) + 1e-12))
    near = cepstrum[at - _LAG_SAMPLES : at + _LAG_SAMPLES]
    around = (cepstrum[at - _AROUND_SAMPLES : at - _LAG_SAMPLES], cepstrum[at + _LAG_SAMPLES : at + _AROUND_SAMPLES])
    return float(near.max()) > _PEAK * max(float(np.std(np.concatenate(around))), 1e-9)


def out_of_nothing(copied: Copied, dbfs: NDArray[np.float32]) -> bool:
    """Return whether both stretches begin out of digital silence, as what a program plays does."""
    reach = round(_PLACE / FRAME_SECONDS)
    starts = (stretch.start for stretch in copied.stretches)
    return all(bool((dbfs[max(start - reach, 0) : start + reach] < ZERO_DBFS).any()) for start in starts)


def announced(copies: Sequence[Copied], speech: Frames, prints: Fingerprints) -> list[bool]:
    """Return of each copy whether both its stretches belong to what is heard again and stands alone.

    Args:
        copies: all copies of a recording.
        speech: which frames of 10 ms hold speech.
        prints: of the whole recording.
    """
    again = np.zeros(speech.size, dtype=np.bool_)
    for copied in copies:
        for stretch in (*copied.stretches, *_faintly_again(copied.lag, prints)):
            again[stretch] = True
    beside = _widened(speech & ~_widened(again, _PLACE), _ALONE)
    alone = np.zeros(speech.size, dtype=np.bool_)
    for start, end in runs_of(_widened(again, _JOINED / 2)):
        alone[start:end] = not (beside & again)[start:end].any()
    return [all(bool(alone[stretch].all()) for stretch in copied.stretches) for copied in copies]


def _faintly_again(lag: float, prints: Fingerprints) -> list[slice]:
    """Return the frames of all that is heard again after so many seconds, also where music lies over it."""
    hops = round(lag / HOP_SECONDS)
    differing = np.bitwise_count(prints.bits[hops:] ^ prints.bits[:-hops]) / 32
    until = np.cumsum(np.pad(differing, (_FAINT_HOPS // 2 + 1, _FAINT_HOPS // 2), constant_values=0.5))
    smooth = (until[_FAINT_HOPS:] - until[:-_FAINT_HOPS]) / _FAINT_HOPS
    per_frame = HOP_SECONDS / FRAME_SECONDS
    return [
        slice(round(at * per_frame), round((at + end - start) * per_frame))
        for start, end in runs_of(smooth < _FAINT_BITS)
        for at in (start, start + hops)
    ]


def _widened(frames: Frames, seconds: float) -> Frames:
    """Return the frames that are within so many seconds of one that is set."""
    reach = round(seconds / FRAME_SECONDS)
    until = np.concatenate([[0], np.cumsum(frames)])
    places = np.arange(frames.size)
    return until[np.minimum(places + reach + 1, frames.size)] > until[np.maximum(places - reach, 0)]
