"""Copy-synthesis: a recording taken apart and synthesised anew; voice, words and channel stay what they were."""

from __future__ import annotations

import importlib
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.sound import RATE, Sound

_WINDOW: Final = 1024
_HOP: Final = 256
_MELS: Final = 80
_ITERATIONS: Final = 40


def world(sound: Sound) -> Sound:
    """Analyse and synthesise with the WORLD vocoder (Morise et al. 2016), frames of 5 ms, all its defaults."""
    pyworld = importlib.import_module("pyworld")
    samples = sound.astype(np.float64)
    pitch, times = pyworld.harvest(samples, RATE)
    spectrum = pyworld.cheaptrick(samples, pitch, times, RATE)
    aperiodicity = pyworld.d4c(samples, pitch, times, RATE)
    return _as_long(pyworld.synthesize(pitch, spectrum, aperiodicity, RATE), sound)


def griffin_lim(sound: Sound, random: np.random.Generator) -> Sound:
    """Keep an 80-band mel spectrogram only, and find a phase for it (Griffin and Lim 1984).

    Args:
        sound: at 16 kHz.
        random: draws the phase that it begins with.
    """
    bank = _mel_bank()
    mel = bank @ np.abs(_stft(sound.astype(np.float64)))
    magnitude = np.maximum(np.linalg.pinv(bank) @ mel, 0)
    phase = np.exp(2j * np.pi * random.random(magnitude.shape))
    for _ in range(_ITERATIONS):
        rebuilt = _stft(_istft(magnitude * phase))
        phase = rebuilt / np.maximum(np.abs(rebuilt), 1e-9)
    return _as_long(_istft(magnitude * phase), sound)


def _as_long(made: npt.NDArray[np.float64], sound: Sound) -> Sound:
    cut = made[: len(sound)].astype(np.float32)
    return np.pad(cut, (0, len(sound) - len(cut)))


def _stft(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """Shape ``[bins, frames]``; the sound is padded by half a window on both sides."""
    padded = np.pad(samples, _WINDOW // 2)
    count = 1 + (len(padded) - _WINDOW) // _HOP
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:count]
    return np.asarray(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1).T)


def _istft(spectrum: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    window = np.hanning(_WINDOW)
    frames = np.fft.irfft(spectrum.T, n=_WINDOW, axis=1) * window
    length = _WINDOW + _HOP * (len(frames) - 1)
    total, weight = np.zeros(length), np.zeros(length)
    for i, frame in enumerate(frames):
        total[i * _HOP : i * _HOP + _WINDOW] += frame
        weight[i * _HOP : i * _HOP + _WINDOW] += window**2
    return (total / np.maximum(weight, 1e-3))[_WINDOW // 2 : length - _WINDOW // 2]


def _mel_bank() -> npt.NDArray[np.float64]:
    """Triangles of equal height on the mel scale of O'Shaughnessy (2595 log10(1 + f / 700)), 0 to 8 kHz."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _MELS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
