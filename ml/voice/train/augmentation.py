"""Augmentation of training clips: speed, equaliser, room, noise, loudness and coders, drawn for each variant.

Both classes go through the same chain. Recordings already have the noise of a room and the coder that they were
packaged with; synthetic voices have neither, so the chain adds noise to both, and :func:`packaged` adds the coder.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ml.voice.data.channels import add_noise
from ml.voice.data.sound import RATE, Coder, Sound, at_level, transcode

_SPEED, _ROOM, _NOISE, _LOW_PASS, _HIGH_PASS = 0.3, 0.4, 0.85, 0.2, 0.3  # shares of the clips

_BEFORE: Final = (
    (0.40, Coder("g722", "g722", RATE)),
    (0.35, Coder("libmp3lame", "mp3", 44_100, ["-b:a", "64k"])),
    (0.10, Coder("libopus", "ogg", 48_000, ["-b:a", "32k"])),
)
"""Shares of the clips, and coders. MP3 of a similar loss stands for Vorbis, which is slow to call."""

_AFTER: Final = (
    (0.08, Coder("aac", "adts", RATE, ["-b:a", "24k"])),
    (0.08, Coder("aac", "adts", RATE, ["-b:a", "48k"])),
    (0.06, Coder("libmp3lame", "mp3", 22_050, ["-b:a", "32k"])),
    (0.08, Coder("libmp3lame", "mp3", 44_100, ["-b:a", "48k"])),
    (0.08, Coder("libopus", "ogg", 48_000, ["-b:a", "16k"])),
    (0.08, Coder("libopus", "ogg", 48_000, ["-b:a", "28k"])),
    (0.08, Coder("g722", "g722", RATE)),
)


def packaged(sound: Sound, random: np.random.Generator) -> Sound:
    """Return a synthetic voice after a coder of packaged recordings, drawn about as often as they have it."""
    return _drawn(sound, _BEFORE, random)


def augment(sound: Sound, random: np.random.Generator) -> Sound:
    """Return a voice after the chain, between -1 and 1.

    Args:
        sound: at 16 kHz.
        random: draws the chain.
    """
    if random.random() < _SPEED:
        sound = _at_speed(sound, random.uniform(0.94, 1.06))
    sound = _equalised(sound, random)
    if random.random() < _ROOM:
        sound = _in_room(sound, random)
    if random.random() < _NOISE:
        sound = add_noise(sound, _coloured_noise(len(sound), random), random.uniform(18, 50))
    sound = np.clip(at_level(sound, random.uniform(-34, -16)), -1, 1)
    sound = _drawn(sound, _AFTER, random)
    stored = np.round(sound * 32767 + random.random(len(sound)) - random.random(len(sound))) / 32768
    return np.clip(stored, -1, 1).astype(np.float32)


def _drawn(sound: Sound, coders: tuple[tuple[float, Coder], ...], random: np.random.Generator) -> Sound:
    remaining = random.random()
    for share, coder in coders:
        remaining -= share
        if remaining < 0:
            return transcode(sound, RATE, coder)
    return sound


def _at_speed(sound: Sound, factor: float) -> Sound:
    """Return the sound at another speed; pitch and formants change too, as between speakers."""
    size = round(len(sound) / factor)
    spectrum = np.fft.rfft(sound)[: size // 2 + 1]
    spectrum = np.pad(spectrum, (0, size // 2 + 1 - len(spectrum)))
    return (np.fft.irfft(spectrum, size) * (size / len(sound))).astype(np.float32)


def _equalised(sound: Sound, random: np.random.Generator) -> Sound:
    """Change the spectrum by up to 8 dB; sometimes cut off frequencies above 5.5 to 8 kHz or below 60 to 250 Hz."""
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    knots = np.array([0, 200, 500, 1000, 2000, 4000, 6000, 8000])
    gain = np.interp(hz, knots, random.normal(0, 3.0, len(knots)).clip(-8, 8))
    if random.random() < _LOW_PASS:
        gain -= 60 * np.clip((hz - random.uniform(5500, 8000)) / 400, 0, 1)
    if random.random() < _HIGH_PASS:
        gain -= 40 * np.clip((random.uniform(60, 250) - hz) / 100, 0, 1)
    return np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain / 20), len(sound)).astype(np.float32)


def _in_room(sound: Sound, random: np.random.Generator) -> Sound:
    """Add reverberation: noise with an exponential decay, 3 to 20 dB below the direct sound."""
    size = RATE // 2
    times = np.arange(size) / RATE
    tail = random.standard_normal(size) * np.exp(-6.9 * times / random.uniform(0.1, 0.6))
    tail[: round(random.uniform(0.001, 0.01) * RATE)] = 0
    tail *= 10 ** (-random.uniform(3, 20) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1
    whole = len(sound) + size
    return np.fft.irfft(np.fft.rfft(sound, whole) * np.fft.rfft(tail, whole), whole)[: len(sound)].astype(np.float32)


def _coloured_noise(size: int, random: np.random.Generator) -> Sound:
    """Return noise of a room or a microphone: falling by 0 to 9 dB an octave, with one peak."""
    hz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 50)
    shape = (hz / 1000) ** (-random.uniform(0, 9) / 6.02)
    shape *= 1 + random.uniform(0, 3) * np.exp(-((np.log2(hz / random.uniform(100, 7000)) / 0.5) ** 2))
    return np.fft.irfft(np.fft.rfft(random.standard_normal(size)) * shape, size).astype(np.float32)
