"""The level of the sound in 20 bands over time: where background noise shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE

_FRAME = 512
FRAME_SECONDS = _FRAME / SAMPLE_RATE
BANDS = 20
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 7600.0
_SILENT_DB = -100.0
"""Below the last bit of 16 in any band: quieter is the same."""

_CHUNK = 1024


class BackgroundMeter:
    """The meter of the levels; it keeps 40 bytes for each 32 ms, which is 9 MB for two hours."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)
        self._parts: list[NDArray[np.float16]] = []
        window = np.hanning(_FRAME)
        self._window = (window / np.sqrt(np.sum(window**2) * _FRAME / 2)).astype(np.float32)
        # Evenly spaced on the mel scale (O'Shaughnessy: 2595 log10(1 + f / 700)).
        low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
        edges = 700 * (10 ** (np.linspace(low, high, BANDS + 1) / 2595) - 1)
        self._edges = np.round(edges * _FRAME / SAMPLE_RATE).astype(int)

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take mono samples at 16 kHz in [-1, 1]."""
        joined = np.concatenate([self._rest, samples])
        whole = joined.size // _FRAME * _FRAME
        self._rest = joined[whole:]
        frames = joined[:whole].reshape(-1, _FRAME)
        for start in range(0, len(frames), _CHUNK):
            spectrum = np.fft.rfft(frames[start : start + _CHUNK] * self._window, axis=1)[:, : self._edges[-1]]
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            bands = np.add.reduceat(power, self._edges[:-1], axis=1)
            self._parts.append((10 * np.log10(bands + 10 ** (_SILENT_DB / 10))).astype(np.float16))

    def result(self) -> NDArray[np.float16]:
        """Return what was measured so far: frames x 20 levels in dBFS."""
        return np.concatenate(self._parts) if self._parts else np.zeros((0, BANDS), dtype=np.float16)
