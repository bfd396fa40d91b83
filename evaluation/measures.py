"""Whether a sound lies in the domain in which a detector was measured: pure functions of float32 mono sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evaluation.sound import RATE, Sound, active_frames, frame_db

_FRAME_SECONDS: Final = 0.02
_FLOOR_SHARE: Final = 0.1  # of the frames: the quietest are taken as noise
_BAND_HZ: Final = 100
_BELOW_PEAK_DB: Final = 60.0
_FULL_SCALE: Final = 0.99
_MOST_SNR_DB: Final = 100.0


@dataclass(frozen=True)
class Measures:
    """What a gate may look at.

    Attributes:
        snr_db: level of the active frames over that of the quietest tenth of all frames. An estimate: speech without
            a pause has no quiet frames, and is taken for noisier than it is.
        bandwidth_hz: up to where the long-term spectrum stays within 60 dB of its highest band of 100 Hz.
        active_seconds: of frames that are less than 40 dB below the loud ones.
        clipped: share of the samples at 99 % of full scale or more.
    """

    snr_db: float
    bandwidth_hz: float
    active_seconds: float
    clipped: float


def measure(sound: Sound) -> Measures:
    """Measure a sound at 16 kHz; silence has an SNR, a bandwidth, and active seconds of 0."""
    return Measures(snr_db(sound), bandwidth_hz(sound), active_seconds(sound), clipped(sound))


def snr_db(sound: Sound) -> float:
    """Estimate the signal-to-noise ratio in dB, between 0 and 100."""
    levels, active = frame_db(sound), active_frames(sound)
    if not active.any():
        return 0.0
    quietest = np.sort(levels)[: max(1, round(_FLOOR_SHARE * len(levels)))]
    noise = float(np.mean(10 ** (quietest / 10)))
    speech = float(np.mean(10 ** (levels[active] / 10)))
    return float(np.clip(10 * np.log10(max(speech - noise, 1e-12) / noise), 0, _MOST_SNR_DB))


def bandwidth_hz(sound: Sound) -> float:
    """Give the upper edge of the highest band of 100 Hz that is less than 60 dB below the strongest one."""
    size = RATE // _BAND_HZ * 4
    if len(sound) < size or not active_frames(sound).any():
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2] * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)[1:]
    bands = power[: len(power) // 4 * 4].reshape(-1, 4).mean(axis=1)
    strong = np.flatnonzero(bands > bands.max() * 10 ** (-_BELOW_PEAK_DB / 10))
    return float((strong[-1] + 1) * _BAND_HZ)


def active_seconds(sound: Sound) -> float:
    """Give how long something is to be heard, in seconds."""
    return float(active_frames(sound).sum() * _FRAME_SECONDS)


def clipped(sound: Sound) -> float:
    """Give the share of samples at full scale, from 0 to 1."""
    return float(np.mean(np.abs(sound) >= _FULL_SCALE)) if len(sound) else 0.0
