"""What messengers leave of a stretch of speech, for pairs of a stretch and its copy: in memory, by PyAV."""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np

from ml.common.packages import DataMissing
from ml.voice.data.channels import add_noise
from ml.voice.data.sound import RATE, Sound, resample, resampled

_NOISY: Final = 0.12
_VOIP, _HALF = 0.6, 0.5
_AAC_DELAY: Final = 1024  # samples that FFmpeg's encoder puts before the first


def copy(sound: Sound, random: np.random.Generator) -> Sound:
    """Return what a messenger leaves of sound: Opus at a low rate, once or twice, after or before AAC, before MP3.

    Args:
        sound: at 16 kHz.
        random: draws the way.
    """
    if random.random() < _NOISY:
        noise = np.asarray(random.standard_normal(len(sound)), np.float32)
        sound = add_noise(sound, noise, random.uniform(25, 45))
    drawn = random.random()
    sound = np.clip(sound * 10 ** (random.uniform(-8, 3) / 20), -1, 1).astype(np.float32)
    way = next(way for share, way in _WAYS if drawn < share)
    for coder, low, high in way:
        sound = coder(sound, random, low, high)
    return sound


def _opus(sound: Sound, random: np.random.Generator, low: float, high: float) -> Sound:
    rate = random.uniform(low, high)
    return _coded(sound, ("libopus", "ogg", 48_000), rate, "voip" if random.random() < _VOIP else "audio")


def _aac(sound: Sound, random: np.random.Generator, low: float, high: float) -> Sound:
    return _coded(sound, ("aac", "adts", 44_100), random.uniform(low, high))


def _mp3(sound: Sound, random: np.random.Generator, low: float, high: float) -> Sound:
    rate = 22_050 if random.random() < _HALF else 44_100
    rates = [rate for rate in (32, 40, 48, 64) if low <= rate <= high]
    return _coded(sound, ("libmp3lame", "mp3", rate), float(random.choice(rates)))


_WAYS: Final = (
    (0.40, ((_opus, 12, 24),)),
    (0.55, ((_opus, 16, 32), (_opus, 12, 24))),
    (0.75, ((_opus, 16, 24), (_aac, 32, 48), (_opus, 12, 16))),
    (0.85, ((_aac, 32, 64), (_opus, 12, 24))),
    (0.93, ((_opus, 12, 24), (_aac, 32, 64))),
    (1.0, ((_opus, 12, 24), (_mp3, 32, 64))),
)
"""Until which drawn number, and encoders with their kilobits a second from and to."""


def _coded(sound: Sound, coder: tuple[str, str, int], kilobits: float, application: str = "") -> Sound:
    """Return sound after an encoder (FFmpeg's names of it and of the format, its sample rate), at 16 kHz."""
    name, container, rate = coder
    buffer = io.BytesIO()
    said = np.clip(resample(sound, RATE, rate), -1, 1)
    with av.open(buffer, "w", format=container) as file:
        options = {"application": application} if application else {}
        stream = file.add_stream(name, rate=rate, layout="mono", options=options)
        if not isinstance(stream, av.AudioStream):
            raise DataMissing(f"{name} is no audio encoder")
        stream.bit_rate = int(kilobits * 1000)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(said, np.float32)[None], format="flt", layout="mono")
        frame.sample_rate = rate
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r", format={"adts": "aac"}.get(container, container)) as file:
        heard = resampled(file.decode(audio=0), RATE)
    if name == "aac":
        heard = heard[round(_AAC_DELAY * RATE / rate) :]
    heard = heard[: len(sound)]
    return np.pad(heard, (0, len(sound) - len(heard)))
