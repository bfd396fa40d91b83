"""Recordings that are the same sound: at another level, in another format, cut elsewhere, or the same file twice.

Sources publish recordings of the same corpora, and some the same recording in several formats. A double counts twice
in a figure, and where one is learned from the other is not new. They are told by their sound, not by their names: the
best correlation of two clips, over all shifts, of what lies below 1 kHz.

Synthetic clips are not compared: what a codec makes of one recording at two rates is alike, and is two clips.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.common.packages import folder as cache
from ml.voice.data import published
from ml.voice.data.published import Clip
from ml.voice.data.sound import RATE, Sound, resample

SAME: Final = 0.7
"""Correlation, where two clips overlap, from which on they are one sound."""
OVERLAP: Final = 1.5
"""Seconds that two clips have to have in common."""
_RATE: Final = 2000
_LIKELY: Final = 0.3
"""Correlation of two whole clips from which on their overlap is looked at."""
_AT_ONCE: Final = 64
_VERSION: Final = 1
"""Raise it when the same clips give other doubles."""

Numbers = npt.NDArray[np.float32]


def once(found: Sequence[Clip]) -> list[Clip]:
    """Return the clips, each recording once: its first clip, with the name of the speaker that any of them has."""
    first = firsts(found)
    return [clip for index, clip in enumerate(named(found, first)) if first[index] == index]


def met(found: Sequence[Clip], learned: Collection[str]) -> set[str]:
    """Return the names of the recordings that are not new to a network: it knows their sound, or their speaker.

    Args:
        found: all clips, doubles too.
        learned: names of those that the network learned from.
    """
    first = firsts(found)
    clips = [(clip, index) for clip, index in zip(named(found, first), first, strict=True) if not clip.synthetic]
    sounds = {index for clip, index in clips if clip.name in learned}
    speakers = {clip.speaker for clip, _ in clips if clip.name in learned} - {""}
    return {clip.name for clip, index in clips if index in sounds or clip.speaker in speakers}


def firsts(found: Sequence[Clip]) -> list[int]:
    """Return of each clip the index of the first that is the same sound; it is kept in the cache.

    Recordings are compared, telephone speech apart from the others: it is another channel, and not judged.
    """
    path = cache() / "published" / f"doubles-v{_VERSION}-{published.digest(found)[:12]}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial")
        unfinished.write_text(json.dumps(_compared(found)), "utf-8")
        unfinished.replace(path)
    first: list[int] = json.loads(path.read_text("utf-8"))
    return first


def named(found: Sequence[Clip], first: Sequence[int]) -> list[Clip]:
    """Return the clips; speakers of whom there is one sound under two names have one, and who had none has theirs.

    Args:
        found: clips.
        first: of each, the index of the first that is the same sound.
    """
    called: dict[str, str] = {}

    def name(speaker: str) -> str:
        while speaker in called:
            speaker = called[speaker]
        return speaker

    speakers: dict[int, str] = {}
    for clip, index in zip(found, first, strict=True):
        if clip.speaker and not clip.synthetic:
            one, other = sorted((name(speakers.setdefault(index, clip.speaker)), name(clip.speaker)))
            if one != other:
                called[other] = one
    return [
        clip if clip.synthetic else replace(clip, speaker=name(speakers.get(index, "")))
        for index, clip in zip(first, found, strict=True)
    ]


def groups(sounds: Sequence[Sound]) -> list[int]:
    """Return of each sound, at 16 kHz, the index of the first that is the same."""
    first = list(range(len(sounds)))
    for one, other in _pairs([_heard(sound) for sound in sounds]):
        low, high = sorted((first[one], first[other]))
        first = [low if index == high else index for index in first]
    return first


def _compared(found: Sequence[Clip]) -> list[int]:
    first = list(range(len(found)))
    for narrow in (False, True):
        of = [index for index, clip in enumerate(found) if clip.narrow is narrow and not clip.synthetic]
        for index, group in zip(of, groups([published.load(found[index]) for index in of]), strict=True):
            first[index] = of[group]
    return first


def _heard(sound: Sound) -> Numbers:
    """Return what is compared: up to 1 kHz, where coders keep the wave, and by differences, which are less alike."""
    return np.diff(resample(sound, RATE, _RATE), prepend=np.float32(0)).astype(np.float32)


def _pairs(heard: Sequence[Numbers]) -> Iterator[tuple[int, int]]:
    """Yield pairs of the same sound."""
    if not heard:
        return
    size = -(-2 * max(map(len, heard)) // 1024) * 1024
    norms = np.array([np.linalg.norm(wave) + 1e-6 for wave in heard], np.float32)
    spectra = np.stack([np.fft.rfft(wave / norm, size) for wave, norm in zip(heard, norms, strict=True)])
    for one, spectrum in enumerate(spectra):
        for start in range(one + 1, len(heard), _AT_ONCE):
            shifts = np.abs(np.fft.irfft(spectra[start : start + _AT_ONCE] * spectrum.conj(), size))
            best = shifts.argmax(axis=1)
            for row in np.flatnonzero(shifts.max(axis=1) >= _LIKELY):
                shift = int(best[row]) - size * (best[row] > size // 2)
                other = start + int(row)
                if _alike(heard[one], heard[other], shift):
                    yield one, other


def _alike(one: Numbers, other: Numbers, shift: int) -> bool:
    """Whether two waves are one where they overlap; the other begins so many samples earlier."""
    one, other = one[max(0, -shift) :], other[max(0, shift) :]
    length = min(len(one), len(other))
    if length < OVERLAP * _RATE:
        return False
    both = np.linalg.norm(one[:length]) * np.linalg.norm(other[:length])
    return bool(abs(one[:length] @ other[:length]) >= SAME * (both + 1e-12))
