"""Sounds of the kinds that people record, made here or out of one sentence that a person read; mono, at 16 kHz.

What an ordinary device does to a recording (a gate, a call that sends no pauses, muting, 8 bits, little gain) is done
here to any samples, so that the same can be tried on other voices: ``python -m tests.benchmarks.ordinary``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.analysis import Caps
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader
from tests.support.media.samples import VOICE

Samples = NDArray[np.float32]
Random = np.random.Generator

RATE = SAMPLE_RATE
_FRAME = RATE // 50
"""20 ms: what a call sends at once."""


@cache
def voice() -> Samples:
    """Return 5.2 s of a person who reads, with the noise of a room."""
    return np.concatenate(list(AudioReader(VOICE, Caps(threads=1)).blocks()))


def with_room(samples: Samples, rng: Random, decibels: float = -60.0) -> Samples:
    """Add the noise of a room and a device, which never stops."""
    noise = rng.normal(0, 1, samples.size + 1)
    noise = noise[1:] + 0.9 * noise[:-1]
    return (samples + noise / np.std(noise) * 10 ** (decibels / 20)).astype(np.float32)


def talk(seconds: float, rng: Random, *, room: float = -60.0, sentence: Samples | None = None) -> Samples:
    """Return someone who speaks with pauses of half a second to two, in a room."""
    said = voice() if sentence is None else sentence
    parts: list[Samples] = []
    while sum(part.size for part in parts) < seconds * RATE:
        start = int(rng.integers(0, max(said.size - RATE, 1)))
        words = said[start : start + int(rng.uniform(1, 3) * RATE)] * np.float32(rng.uniform(0.6, 1.0))
        parts += [words, np.zeros(int(rng.uniform(0.5, 2) * RATE), np.float32)]
    return with_room(np.concatenate(parts)[: int(seconds * RATE)], rng, room)


def stored(samples: Samples, bits: int = 16, decibels: float = 0.0) -> Samples:
    """Return samples as they come back from a file of so many bits, after a change of gain."""
    steps = 2.0 ** (bits - 1)
    quantised = np.round(samples * 10 ** (decibels / 20) * steps) / steps
    return np.clip(quantised, -1.0, 1 - 1 / steps).astype(np.float32)


def _loudness(samples: Samples, size: int = _FRAME) -> NDArray[np.float64]:
    frames = samples[: samples.size // size * size].reshape(-1, size)
    return 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)


def _active(samples: Samples, below: float, hold: int) -> NDArray[np.bool_]:
    """Return which frames are less than ``below`` dB softer than the loud ones, or up to ``hold`` frames after."""
    level = _loudness(samples)
    active = level > np.percentile(level, 95) - below
    held = active.copy()
    for frames in range(1, hold + 1):
        held[frames:] |= active[:-frames]
    return held


def gated(samples: Samples, *, below: float = 25.0, hold: int = 5, fade: float = 0.0) -> Samples:
    """Return samples after a noise gate, which closes at once or over ``fade`` seconds."""
    gain = np.repeat(_active(samples, below, hold), _FRAME).astype(np.float64)
    if fade:
        size = max(int(fade * RATE), 1)
        gain = np.maximum(gain, np.convolve(gain, np.ones(size) / size)[: gain.size])
        gain[gain < 0.02] = 0
    return (samples[: gain.size] * gain).astype(np.float32)


def without_pauses(samples: Samples, rng: Random, *, comfort: float | None = None, hold: int = 8) -> Samples:
    """Return a call that sends no pauses (DTX): zeros, or made-up noise of ``comfort`` dB, in their place.

    Now and then a frame of a pause is sent all the same, as by every such coder.
    """
    sent = _active(samples, 25.0, hold)
    sent |= rng.random(sent.size) < 1 / 20
    kept = np.repeat(sent, _FRAME)
    filling = np.zeros(kept.size) if comfort is None else rng.normal(0, 10 ** (comfort / 20), kept.size)
    return np.where(kept, samples[: kept.size], filling).astype(np.float32)


def muted(samples: Samples, rng: Random, *, each: float = 12.0, shortest: float = 0.7, longest: float = 4.0) -> Samples:
    """Return samples with the microphone muted once in about ``each`` seconds."""
    changed = samples.copy()
    at = rng.uniform(0.2, 1.0) * each
    while at < samples.size / RATE:
        length = rng.uniform(shortest, longest)
        changed[int(at * RATE) : int((at + length) * RATE)] = 0
        at += length + rng.uniform(0.5, 1.5) * each
    return changed


def with_losses(samples: Samples, rng: Random, *, each: float = 2.0) -> Samples:
    """Return a call on a poor line: one to four packets of 20 ms are missing once in about ``each`` seconds."""
    changed = samples.copy()
    for frame in np.flatnonzero(rng.random(samples.size // _FRAME) < _FRAME / RATE / each):
        changed[frame * _FRAME : (frame + int(rng.integers(1, 5))) * _FRAME] = 0
    return changed


def spliced(samples: Samples, pauses: int, rng: Random, *, seconds: float = 0.3) -> Samples:
    """Return samples into which digital silence was put, or under which words were cut out, at several places."""
    changed = samples.copy()
    slot = samples.size // (pauses + 1)
    for number in range(pauses):
        start = slot // 2 + number * slot + int(rng.uniform(0, slot / 2))
        changed[start : start + int(seconds * RATE)] = 0
    return changed


def snare_drum(seconds: float, rng: Random) -> Samples:
    """Return a snare drum, faster and faster, with nothing between its strokes."""
    sound = np.zeros(int(seconds * RATE), np.float32)
    at, step = 0.1, 0.6
    while at < seconds - 0.3:
        time = np.arange(int(0.18 * RATE)) / RATE
        noise = rng.normal(0, 0.25, time.size) * np.exp(-time / 0.03)
        body = 0.4 * np.sin(2 * np.pi * 185 * time) * np.exp(-time / 0.02)
        start = int(at * RATE)
        sound[start : start + time.size] += (noise + body).astype(np.float32)
        at, step = at + step, max(step * 0.97, 0.08)
    return sound


_NOTES = (0, 4, 7, 12, 7, 4, 5, 9, 12, 9, 5, 2, 7, 11, 14, 11)


def melody(seconds: float, *, rest: float = 0.0) -> Samples:
    """Return notes as a program plays them, always exactly alike, with rests that are a share of each."""
    length = 0.25
    parts = []
    time = np.arange(int(length * RATE)) / RATE
    sounding = (time < length * (1 - rest)) * np.minimum(1, np.maximum(length * (1 - rest) - time, 0) / 0.01)
    for number in range(int(seconds / length)):
        pitch = 220 * 2 ** (_NOTES[number % len(_NOTES)] / 12)
        tone = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 6))
        parts.append(0.15 * tone * np.exp(-time / 0.3) * sounding)
    return np.concatenate(parts).astype(np.float32)


def tune(seconds: float, rng: Random) -> Samples:
    """Return notes that nobody plans, so that none of it comes back; their loudest samples are near 2."""
    time = np.arange(RATE // 4) / RATE
    pitches = 196 * 2 ** (rng.integers(0, 14, int(seconds * 4) + 1) / 12)
    notes = [
        sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 6)) for pitch in pitches
    ]
    return np.concatenate(notes * np.exp(-time / 0.25))[: int(seconds * RATE)].astype(np.float32)


def sequenced(seconds: float, rng: Random) -> Samples:
    """Return a bar of drums and notes that a program repeats sample for sample."""
    bar = melody(2.0) + snare_drum(2.0, rng)
    return np.tile(bar, int(np.ceil(seconds / 2)))[: int(seconds * RATE)].astype(np.float32)


def screen(seconds: float, rng: Random) -> Samples:
    """Return what a screen recorder hears: short sounds of programs, a voice now and then, and nothing between."""
    sound = np.zeros(int(seconds * RATE), np.float32)
    for at in np.arange(0.5, seconds - 3, 4.0):
        start = int((at + rng.uniform(0, 1)) * RATE)
        chime = melody(0.75, rest=0.3) if rng.random() < 0.5 else voice()[: int(2.5 * RATE)]
        sound[start : start + chime.size] += chime[: sound.size - start]
    return sound
