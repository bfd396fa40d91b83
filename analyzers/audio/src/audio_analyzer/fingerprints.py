"""A fingerprint of the sound: 32 bits for each 16 ms.

After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): the signs of energy differences
between neighbouring bands and frames survive re-encoding. Windows are 16 hops long, so that two copies that lie
differently on the hop grid still get nearly the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE

HOP = 256
HOP_SECONDS = HOP / SAMPLE_RATE
_HALVED_HOP, _WINDOW = HOP // 2, 2048
"""At 8 kHz, which carries the band below in half the work: spectra are most of what an analysis costs."""

_BANDS = 33
_LOWEST_HZ, _HIGHEST_HZ = 300.0, 3400.0
"""The telephone band: what every channel passes on."""

_ACTIVE_DBFS = -55.0
_CHUNK = 256


@dataclass(frozen=True)
class Fingerprints:
    """One for each hop: the bits, and whether there was sound."""

    bits: NDArray[np.uint32]
    active: NDArray[np.bool_]


class Fingerprinter:
    """The meter of :class:`Fingerprints`; it keeps 5 bytes for each 16 ms."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)
        self._previous: NDArray[np.float32] | None = None
        self._bits: list[NDArray[np.uint32]] = []
        self._active: list[NDArray[np.bool_]] = []
        self._window = np.hanning(_WINDOW).astype(np.float32)
        edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1) * _WINDOW * 2 / SAMPLE_RATE
        self._edges = np.round(edges).astype(int)

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take mono samples at 16 kHz in [-1, 1]."""
        joined = np.concatenate([self._rest, samples])
        halved = (joined[:-1:2] + joined[1::2]) / 2
        count = max((halved.size - _WINDOW) // _HALVED_HOP + 1, 0)
        self._rest = joined[count * HOP :]
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(halved, _WINDOW)[::_HALVED_HOP][:count]
            for start in range(0, count, _CHUNK):  # a spectrum is 8 times larger than its samples
                self._measure(frames[start : start + _CHUNK])

    def result(self) -> Fingerprints:
        """Return the fingerprints of what was taken so far."""
        if not self._bits:
            return Fingerprints(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.bool_))
        return Fingerprints(np.concatenate(self._bits), np.concatenate(self._active))

    def _measure(self, frames: NDArray[np.float32]) -> None:
        spectrum = np.fft.rfft(frames * self._window, axis=1)[:, : self._edges[-1]]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        bands = np.add.reduceat(power, self._edges[:-1], axis=1)
        slopes = np.diff(np.log(bands + 1e-9), axis=1)
        before = slopes[:1] if self._previous is None else self._previous
        self._previous = slopes[-1:]
        rises = np.diff(np.concatenate([before, slopes]), axis=0) > 0
        self._bits.append(np.packbits(rises, axis=1).view(">u4").astype(np.uint32).reshape(-1))
        loudness = np.einsum("ij,ij->i", frames, frames) / _WINDOW
        self._active.append(10 * np.log10(loudness + 1e-20) > _ACTIVE_DBFS)
