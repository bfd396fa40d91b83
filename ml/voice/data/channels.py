"""Transmission of sound: coders, noise, loudness. The same for both classes."""

from __future__ import annotations

from typing import Final

import numpy as np

from ml.voice.data.series import History
from ml.voice.data.sound import RATE, Coder, Sound, active_frames, at_level, frame_db, transcode

CLEAN: Final = "clean"

_CODERS: Final = {
    "aac": Coder("aac", "adts", RATE, ["-b:a", "32k"]),
    "mp3": Coder("libmp3lame", "mp3", 44_100, ["-b:a", "48k"]),
    "opus": Coder("libopus", "ogg", 48_000, ["-b:a", "16k"]),
    "g722": Coder("g722", "g722", RATE),
    "mulaw8k": Coder("pcm_mulaw", "mulaw", 8_000),
}
_NOISES: Final = {f"{kind}{snr}": (kind, snr) for kind in ("white", "babble") for snr in (30, 20, 10)}
_LEVELS: Final = {"quiet": -45.0, "loud": -8.0}

CHANNELS: Final = (CLEAN, *_CODERS, *_NOISES, *_LEVELS)
"""``quiet`` is -45 dB of full scale; ``loud`` is -8 dB, which clips."""

_HISTORIES: Final[dict[History, Coder]] = {
    "g722": Coder("g722", "g722", RATE),
    "gsm": Coder("libgsm", "gsm", 8_000),
    "pcm8k": Coder("pcm_s16le", "wav", 8_000),
    "vorbis": Coder("libvorbis", "ogg", 44_100, ["-q:a", "3"]),
    "opus": Coder("libopus", "ogg", 48_000, ["-b:a", "29k"]),
    "mp3": Coder("libmp3lame", "mp3", 22_050, ["-b:a", "64k"]),
    "aac": Coder("aac", "adts", 44_100, ["-b:a", "64k"]),
}
_PLAIN: Final = Coder("pcm_s16le", "wav", RATE)


def with_history(sound: Sound, rate: int, history: History) -> Sound:
    """Return synthetic speech, at 16 kHz, after the coder that recordings went through before they were packaged."""
    return transcode(sound, rate, _HISTORIES.get(history, _PLAIN))


def through(sound: Sound, channel: str, random: np.random.Generator, babble: Sound) -> Sound:
    """Return a clip after a channel.

    Args:
        sound: at 16 kHz.
        channel: one of :data:`CHANNELS`.
        random: draws the noise.
        babble: several voices at once, at 16 kHz, longer than the clip.
    """
    if channel in _CODERS:
        return transcode(sound, RATE, _CODERS[channel])
    if channel in _LEVELS:
        return np.clip(at_level(sound, _LEVELS[channel]), -1, 1)
    if channel in _NOISES:
        kind, snr = _NOISES[channel]
        if kind == "white":
            noise = random.standard_normal(len(sound)).astype(np.float32)
        else:
            start = int(random.integers(max(1, len(babble) - len(sound))))
            noise = np.resize(babble[start : start + len(sound)], len(sound))
        return add_noise(sound, noise, snr)
    return sound


def add_noise(sound: Sound, noise: Sound, snr: float) -> Sound:
    """Return the sound with noise ``snr`` dB below its active frames, scaled down where the sum would clip."""
    levels = frame_db(sound)[active_frames(sound)]
    speech = float(np.mean(10 ** (levels / 10)))
    power = float(np.mean(noise.astype(np.float64) ** 2))
    mixed = sound + noise * np.float32(np.sqrt(speech / power * 10 ** (-snr / 10)))
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)
