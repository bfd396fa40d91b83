"""The domain of a model, the sound in which its errors were measured, and whether a window is such sound. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from audio_analyzer.levels import FRAME_SECONDS

_BLOCK, _HOP = 512, 256
_WINDOW = np.hanning(_BLOCK).astype(np.float32)
_FULL_SCALE_POWER = float(np.sum(_WINDOW**2)) * _BLOCK / 2

_PRE_EMPHASIS = np.abs(1 - 0.97 * np.exp(-1j * np.pi * np.arange(_BLOCK // 2 + 1) / (_BLOCK // 2))) ** 2
"""Speech falls by 6 dB an octave. Levelled, its high bands count: that is where noise and codecs do their damage."""

_BAND = 16
"""500 Hz: the spectrum of noise in a block scatters less over 16 lines than over one."""

_PAUSES_PERCENTILE = 10
"""Minimum statistics (Martin, IEEE Trans. Speech Audio Process. 9, 2001): each band of speech rests now and then,
also where there is no pause, and what is left then is noise."""

_ZEROS_DBFS = -100.0
"""Below the last bit of 16: such blocks were made, not recorded, and tell nothing of the noise in the others."""

_ROLLOFF = 0.995
"""Share of the energy that lies below the bandwidth: 99 % leaves fricatives out, 99.9 % counts the noise in."""

_FULL_SCALE = 0.999
_MOST_CLIPPED = 0.001
"""Share of samples at full scale. Recordings that are normalised to it have single ones."""

_STEADY_DB = 3.0
"""White, pink and brown noise have 2 dB by this measure, speech under as loud white noise 2 to 3."""


@dataclass(frozen=True)
class Limits:
    """The domain of a model.

    The defaults hold for a model whose evaluation names none. They keep out what is known to mislead: white noise at
    30 dB brought a published model from 5 to 45 % of false positives, and a band of 4 kHz to 11 %.
    """

    min_snr_db: float = 25.0
    min_bandwidth_hz: float = 5000.0
    min_speech_seconds: float = 2.0


@dataclass(frozen=True)
class Conditions:
    """The conditions of a window: what its sound is like.

    Attributes:
        snr_db: the speech's energy over that of the noise, both after pre-emphasis. Speech with white noise at 30 dB
            has 15 to 22 dB by this measure; clean recordings of 16 kHz have 28 or more, 19 of 20 of them.
        bandwidth_hz: 99.5 % of the speech's energy, after pre-emphasis, lies below.
        speech_seconds: how much of the window is speech.
        clipped: share of its samples at full scale.
    """

    snr_db: float
    bandwidth_hz: float
    speech_seconds: float
    clipped: float

    @property
    def steady(self) -> bool:
        """Whether nothing in it swells and fades as speech does."""
        return self.snr_db < _STEADY_DB


def measure(window: NDArray[np.float32], speech: NDArray[np.bool_]) -> Conditions:
    """Return the conditions of a stretch of a recording.

    Args:
        window: its samples, mono at 16 kHz in [-1, 1].
        speech: which of its frames of 10 ms hold speech.
    """
    seconds = float(speech.sum()) * FRAME_SECONDS
    if window.size < _BLOCK or not speech.size:
        return Conditions(0.0, 0.0, seconds, 0.0)
    blocks = np.lib.stride_tricks.sliding_window_view(window, _BLOCK)[::_HOP]
    power = np.abs(np.fft.rfft(blocks * _WINDOW, axis=1)) ** 2
    recorded = power.sum(axis=1) > _FULL_SCALE_POWER * 10 ** (_ZEROS_DBFS / 10)
    middles = (np.arange(blocks.shape[0]) * _HOP + _BLOCK // 2) / (SAMPLE_RATE * FRAME_SECONDS)
    spoken = speech[np.minimum(middles.astype(int), speech.size - 1)] & recorded
    clipped = float(np.mean(np.abs(window) >= _FULL_SCALE))
    if not spoken.any():
        return Conditions(0.0, 0.0, seconds, clipped)
    level = power * _PRE_EMPHASIS
    total = np.cumsum(level[spoken].sum(axis=0))
    bandwidth = float(np.searchsorted(total, _ROLLOFF * total[-1])) * SAMPLE_RATE / _BLOCK
    return Conditions(_snr_db(level, spoken, recorded), bandwidth, seconds, clipped)


def why_outside(conditions: Conditions, limits: Limits) -> str:
    """Return why nothing can be said of such a window, in plain words; empty if something can."""
    if conditions.speech_seconds < limits.min_speech_seconds:
        return (
            f"too short: {conditions.speech_seconds:.1f} s of speech; measured from {limits.min_speech_seconds:g} s up"
        )
    if conditions.clipped > _MOST_CLIPPED:
        return f"clipped: {100 * conditions.clipped:.1f} % of the samples are at full scale"
    if conditions.snr_db < limits.min_snr_db:
        return f"too noisy: {conditions.snr_db:.0f} dB; measured from {limits.min_snr_db:g} dB up"
    if conditions.bandwidth_hz < limits.min_bandwidth_hz:
        return f"too narrow a band: {conditions.bandwidth_hz:.0f} Hz; measured from {limits.min_bandwidth_hz:g} Hz up"
    return ""


def _snr_db(level: NDArray[np.float64], spoken: NDArray[np.bool_], recorded: NDArray[np.bool_]) -> float:
    bands = np.add.reduceat(level[:, 1:-1], np.arange(0, level.shape[1] - 2, _BAND), axis=1)
    noise = float(np.percentile(bands[recorded], _PAUSES_PERCENTILE, axis=0).sum())
    return float(10 * np.log10(bands[spoken].sum(axis=1).mean() / max(noise, 1e-12)))
