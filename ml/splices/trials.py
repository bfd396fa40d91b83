"""Recordings with a replaced stretch at a known place, and controls with changes that are no splice.

The voices come from Debian packages. The threshold is set on the tuning voices and measured on the held-out ones.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from ml.common.packages import debian

RATE = SAMPLE_RATE
Samples = NDArray[np.float32]
TUNING = ("asterisk-core-sounds-en-g722", "asterisk-core-sounds-fr-g722")
HELD_OUT = (
    "asterisk-core-sounds-es-g722",
    "asterisk-core-sounds-it-g722",
    "asterisk-core-sounds-ru-g722",
    "pocketsphinx-testdata",
)
_PER_SOURCE = 10
_SHORTEST_BYTES = 40_000
_SHORTEST_SECONDS, _LONGEST_SECONDS = 5.0, 16.0
_TEXTS = (
    "Please send the money today, I will pay it back next week.",
    "I am at the police station and they took my telephone away.",
    "Do not tell my parents about this, it has to stay between us.",
)


def decoded(path: Path) -> Samples:
    """Return the mono samples of a file at 16 kHz."""
    demuxer = ["-f", "g722"] if path.suffix == ".g722" else []
    command = ["ffmpeg", "-v", "error", *demuxer, "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, dtype=np.float32)


def through(samples: Samples, *encoder: str, container: str, rate: int = RATE) -> Samples:
    """Return samples after a codec, cut or padded to the same length."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"coded.{container}"
        command = ["ffmpeg", "-v", "error", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
        subprocess.run([*command, "-ar", str(rate), *encoder, str(target)], input=samples.tobytes(), check=True)
        coded = decoded(target)
    fitted = np.zeros_like(samples)
    fitted[: min(coded.size, samples.size)] = coded[: samples.size]
    return fitted


CODECS: dict[str, Callable[[Samples], Samples]] = {
    "8 kHz µ-law": lambda x: through(x, "-c:a", "pcm_mulaw", container="wav", rate=8000),
    "MP3 32 kbit/s": lambda x: through(x, "-c:a", "libmp3lame", "-b:a", "32k", container="mp3"),
    "Opus 12 kbit/s": lambda x: through(x, "-c:a", "libopus", "-b:a", "12k", container="ogg"),
}
REENCODED: dict[str, Callable[[Samples], Samples]] = {
    "AAC 48 kbit/s": lambda x: through(x, "-c:a", "aac", "-b:a", "48k", container="m4a"),
    "MP3 48 kbit/s": lambda x: through(x, "-c:a", "libmp3lame", "-b:a", "48k", container="mp3"),
    "Opus 24 kbit/s": lambda x: through(x, "-c:a", "libopus", "-b:a", "24k", container="ogg"),
}


def noise(rng: np.random.Generator, size: int, tilt: float, dbfs: float) -> Samples:
    """Return the noise of a room: its spectrum falls by ``tilt`` dB an octave and has one peak."""
    spectrum = np.fft.rfft(rng.normal(0, 1, size))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 30)
    bump = rng.uniform(200, 4000)
    shape = (hz / 1000) ** (-tilt / 6.02) * (1 + 2 * np.exp(-((np.log2(hz / bump) / 0.5) ** 2)))
    samples = np.fft.irfft(spectrum * shape, size)
    return np.asarray(samples / np.sqrt(np.mean(samples**2)) * 10 ** (dbfs / 20), dtype=np.float32)


def speech_level(samples: Samples) -> float:
    """Return the level of the loud half in dBFS."""
    frames = samples[: samples.size // 320 * 320].reshape(-1, 320)
    power = np.sort(np.mean(np.square(frames, dtype=np.float64), axis=1))[len(frames) // 2 :]
    return float(10 * np.log10(power.mean() + 1e-12))


@dataclass(frozen=True)
class Voice:
    """One recording, another one by the same person, and the noise of a room (tilt, level in dB) for both, if any."""

    source: str
    host: Samples
    other: Samples
    room: tuple[float, float] | None
    seed: tuple[int, ...]


def voices(sources: tuple[str, ...], seed: int) -> Iterator[Voice]:
    """Yield recordings of the sources; every other one gets the noise of a room."""
    for source in sources:
        folder = debian(source)
        paths = sorted([*folder.rglob("*.g722"), *folder.rglob("librivox/*.wav")])
        rng = np.random.default_rng((seed, len(source), sum(source.encode())))
        long = [path for path in paths if path.stat().st_size >= _SHORTEST_BYTES]
        drawn = (decoded(long[index]) for index in rng.permutation(len(long)))
        clips = list(islice((clip for clip in drawn if clip.size >= _SHORTEST_SECONDS * RATE), _PER_SOURCE))
        for place, clip in enumerate(clips):
            host = clip[: int(_LONGEST_SECONDS * RATE)]
            room = (float(rng.uniform(0, 6)), float(rng.uniform(-45, -25))) if place % 2 else None
            yield Voice(source, host, clips[place - 1], room, (seed, place, sum(source.encode())))


def _in_room(voice: Voice, samples: Samples, rng: np.random.Generator, room: tuple[float, float] | None) -> Samples:
    return samples if room is None else samples + noise(rng, samples.size, room[0], speech_level(voice.host) + room[1])


def _cut(samples: Samples, rng: np.random.Generator, size: int) -> Samples:
    """Return the loudest of three stretches, which is likely to be speech."""
    starts = rng.integers(0, max(samples.size - size, 1), 3)
    return max((samples[start : start + size] for start in starts), key=lambda part: float(np.sum(part**2)))


def _replaced(voice: Voice, kind: str, rng: np.random.Generator) -> tuple[Samples, float, float]:
    host = _in_room(voice, voice.host, rng, voice.room)
    size = int(rng.uniform(1.2, 2.5) * RATE)
    start = int(rng.uniform(1.2 * RATE, host.size - size - 1.2 * RATE))
    insert = _cut(voice.other, rng, size)
    if kind == "synthetic voice":
        insert = _cut(_synthetic(int(rng.integers(len(_TEXTS)))), rng, size)
        insert = insert * 10 ** ((speech_level(voice.host) - speech_level(insert)) / 20)
    elif kind == "other room":
        insert = _in_room(voice, insert, rng, (float(rng.uniform(0, 6)), float(rng.uniform(-40, -20))))
    else:
        insert = _in_room(voice, insert, rng, voice.room)
    if kind == "other codec":
        insert = CODECS[str(rng.choice(list(CODECS)))](insert)
    mixed = host.copy()
    fade = np.minimum(1, np.minimum(np.arange(insert.size), np.arange(insert.size)[::-1]) / (0.005 * RATE))
    mixed[start : start + insert.size] = host[start : start + insert.size] * (1 - fade) + insert * fade
    return mixed.astype(np.float32), start / RATE, (start + insert.size) / RATE


@cache
def _synthetic(index: int) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "voice.wav"
        subprocess.run(["espeak-ng", "-v", "en-gb", "-w", str(target), _TEXTS[index]], check=True)
        return decoded(target)


def _control(voice: Voice, kind: str, rng: np.random.Generator) -> Samples:
    host = _in_room(voice, voice.host, rng, voice.room)
    size = int(rng.uniform(1.2, 3) * RATE)
    start = int(rng.uniform(1 * RATE, host.size - size - 1 * RATE))
    stretch = slice(start, start + size)
    changed = host.copy()
    level = 10 ** (speech_level(voice.host) / 20)
    if kind == "level changed in a stretch":
        changed[stretch] *= 10 ** (float(rng.choice([-10, -6, 6, 10])) / 20)
    elif kind == "a stretch is muted":
        changed[stretch] *= 0.01
    elif kind == "a door slams":
        decay = np.exp(-np.arange(RATE) / (0.08 * RATE))
        end = min(start + RATE, host.size)
        changed[start:end] += (3 * level * decay * noise(rng, RATE, 6, 0))[: end - start]
    elif kind == "music under a stretch":
        time = np.arange(size) / RATE
        chord = sum(
            np.sin(2 * np.pi * hz * time * (1 + 0.01 * np.sin(5 * time)))
            for hz in rng.choice([220, 262, 330, 392, 440, 523, 659], 4)
            for hz in (hz, 2 * hz, 3 * hz)
        )
        edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.1)
        changed[stretch] += (0.03 * level * edge * chord).astype(np.float32)
    elif kind == "a fan runs for a while":
        time = np.arange(size) / RATE
        edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.15)
        changed[stretch] += (edge * noise(rng, size, 3, speech_level(voice.host) - 25)).astype(np.float32)
    return changed


SPLICES = ("other room", "other codec", "synthetic voice", "same room")
CONTROLS = (
    "untouched",
    "level changed in a stretch",
    "a door slams",
    "music under a stretch",
    "a fan runs for a while",
    "a stretch is muted",
)


@dataclass(frozen=True)
class Trial:
    """One recording to analyse.

    Attributes:
        source: the package.
        voice: name of the recording that it was made from.
        kind: of the splice or control.
        coded: whether it was encoded again afterwards.
        noisy: whether it has the noise of a room.
        truth: start and end of the insertion in seconds; None for controls.
        samples: mono, 16 kHz.
    """

    source: str
    voice: str
    kind: str
    coded: bool
    noisy: bool
    truth: tuple[float, float] | None
    samples: Samples


def trials(sources: tuple[str, ...], seed: int) -> Iterator[Trial]:
    """Yield every splice and control for every voice, plain and encoded again."""
    for voice in voices(sources, seed):
        for number, kind in enumerate((*SPLICES, *CONTROLS)):
            rng = np.random.default_rng((*voice.seed, number))
            truth = None
            if kind in SPLICES:
                samples, start, end = _replaced(voice, kind, rng)
                truth = (start, end)
            else:
                samples = _control(voice, kind, rng)
            coder = REENCODED[str(rng.choice(list(REENCODED)))]
            name = f"{voice.source}/{voice.seed[1]}"
            for coded in (False, True):
                result = coder(samples) if coded else samples
                yield Trial(voice.source, name, kind, coded, voice.room is not None, truth, result)
