"""Loudness over time: what every detector of sound begins with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from audio_analyzer.reading import AudioReading

FRAME_SECONDS = 0.01
FRAME_SAMPLES = int(SAMPLE_RATE * FRAME_SECONDS)

SILENT_DBFS = -200.0
"""Level of frames of zeros."""

ZERO_DBFS = -150.0
"""Frames below are zeros: one sample of 160 that is off by the last of 16 bits makes -112."""

_BELOW_SPEECH_DB = 35.0
"""Speech spans about 30 dB from its loud vowels to its soft consonants (ITU-T P.56 puts the activity threshold 15.9 dB
below the active level, which itself lies below the peaks); quieter than this under the loud parts is a pause."""

_FAINTEST_SOUND_DBFS = -85.0
"""A quiet recording has its words here; what is softer still is the noise of a converter."""


@dataclass(frozen=True)
class Levels:
    """One value for each 10 ms: root mean square in dBFS, lowest and highest sample."""

    dbfs: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        """Length of what was measured."""
        return self.dbfs.size * FRAME_SECONDS

    def sound(self) -> NDArray[np.bool_]:
        """Return which frames hold sound rather than a pause."""
        if self.dbfs.size == 0:
            return np.zeros(0, dtype=np.bool_)
        loud = float(np.percentile(self.dbfs, 95))
        return self.dbfs > max(loud - _BELOW_SPEECH_DB, _FAINTEST_SOUND_DBFS)


class LevelMeter:
    """The meter of :class:`Levels`; it keeps 12 bytes for each 10 ms."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)
        self._parts: list[tuple[NDArray[np.float32], ...]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take mono samples at 16 kHz in [-1, 1]."""
        joined = np.concatenate([self._rest, samples])
        whole = joined.size // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = joined[whole:]
        frames = joined[:whole].reshape(-1, FRAME_SAMPLES)
        if frames.size:
            power = np.mean(np.square(frames, dtype=np.float64), axis=1)
            dbfs = 10 * np.log10(np.maximum(power, 10 ** (SILENT_DBFS / 10)))
            self._parts.append((dbfs.astype(np.float32), frames.min(axis=1), frames.max(axis=1)))

    def result(self) -> Levels:
        """Return what was measured so far; a rest of less than 10 ms is left out."""
        if not self._parts:
            nothing = np.zeros(0, dtype=np.float32)
            return Levels(nothing, nothing, nothing)
        dbfs, low, high = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return Levels(dbfs, low, high)


def sound_frames(reading: AudioReading) -> NDArray[np.bool_]:
    """Return which frames of 10 ms hold sound; for :meth:`AudioReading.computed`."""
    return reading.measured(LevelMeter).sound()
