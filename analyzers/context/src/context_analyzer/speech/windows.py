"""Which parts of a recording the network hears together, and when what it wrote was said. Pure.

Whisper takes thirty seconds at a time, whatever is in them, and makes up words where it is quiet. So stretches
with speech are put together until a window is full, long silences between them left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.voice_activity import FRAME_SAMPLES

_FULL = 28 * SAMPLE_RATE
"""Of the thirty seconds; with the silence between the pieces, a window holds no more."""

_SPLIT_FROM = 20 * SAMPLE_RATE
"""Talk without a pause is cut where speech is least probable, in the last eight of its 28 seconds."""

_PAD = SAMPLE_RATE // 5
"""The first sound of a word is often below the network's threshold."""

GAP = SAMPLE_RATE // 2
"""The silence that stands for a longer one between two pieces."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the recording, in samples, the end exclusive."""

    start: int
    end: int


type Window = tuple[Piece, ...]


def pieces(stretches: Iterable[tuple[int, int]], speech: NDArray[np.float16], total: int) -> list[Piece]:
    """Return the stretches of speech with some sound around them: joined where close, none longer than a window.

    Args:
        stretches: of speech, in frames of the network for voice activity.
        speech: its probability for each frame.
        total: samples of the recording.
    """
    joined: list[Piece] = []
    for first, last in stretches:
        start, end = max(first * FRAME_SAMPLES - _PAD, 0), min(last * FRAME_SAMPLES + _PAD, total)
        if joined and start - joined[-1].end <= GAP:
            start = joined.pop().start
        joined.append(Piece(start, end))
    return [part for piece in joined for part in _split(piece, speech)]


def _split(piece: Piece, speech: NDArray[np.float16]) -> Iterator[Piece]:
    start = piece.start
    while piece.end - start > _FULL:
        low, high = (start + _SPLIT_FROM) // FRAME_SAMPLES, (start + _FULL) // FRAME_SAMPLES
        cut = (low + int(speech[low:high].argmin())) * FRAME_SAMPLES
        yield Piece(start, cut)
        start = cut
    yield Piece(start, piece.end)


def windows(parts: Sequence[Piece]) -> list[Window]:
    """Return the pieces in groups, each of which the network hears at once."""
    groups: list[list[Piece]] = []
    filled = 0
    for piece in parts:
        size = piece.end - piece.start
        if groups and filled + GAP + size <= _FULL:
            groups[-1].append(piece)
            filled += GAP + size
        else:
            groups.append([piece])
            filled = size
    return [tuple(group) for group in groups]


def sound_of(window: Window, samples: Samples) -> NDArray[np.float32]:
    """Return what the network hears of a window: its pieces, with short silences between them."""
    silence = np.zeros(GAP, np.float32)
    parts: list[NDArray[np.float32]] = []
    for piece in window:
        if parts:
            parts.append(silence)
        parts.append(np.asarray(samples[piece.start : piece.end], np.float32) / np.float32(32768))
    return np.concatenate(parts)


def second_of(window: Window, seconds: float) -> float:
    """Return the second of the recording at which a second of the window's sound is heard."""
    position = round(seconds * SAMPLE_RATE)
    for piece in window:
        size = piece.end - piece.start
        if position <= size:
            return (piece.start + max(position, 0)) / SAMPLE_RATE
        position -= size + GAP
        if position < 0:  # in the silence: the piece before it has ended
            return piece.end / SAMPLE_RATE
    return window[-1].end / SAMPLE_RATE
