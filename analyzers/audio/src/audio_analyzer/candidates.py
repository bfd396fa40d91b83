"""Candidates: pairs of stretches whose fingerprints are nearly the same, so that one may be a copy of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.runs import runs_of
from audio_analyzer.fingerprints import HOP_SECONDS, Fingerprints
from audio_analyzer.reading import Span

_SHORTEST_HOPS = 32
"""About half a second of matching fingerprints; a window adds a quarter of a second of sound to it."""

_SMALLEST_LAG_HOPS = 32
_COMMON, _COMMON_SHARE = 24, 1e-4
"""A fingerprint that occurs more often than this is hum or hiss and says nothing."""

_BIT_ERRORS = 0.25
"""Haitsma and Kalker's threshold is 0.35 for 3 s; stretches here are shorter, so the bound is tighter."""

_SMOOTH_HOPS = 16
_CANDIDATES = 20
_HITS = 3

_COMPARED_SECONDS = 10.0
"""Of a stretch that may be a copy: enough to tell, and a bound for memory where an hour is repeated."""


@dataclass(frozen=True)
class Candidate:
    """Two stretches of equal length that may be copies, in seconds."""

    first: float
    second: float
    seconds: float

    @property
    def spans(self) -> tuple[Span, Span]:
        """The samples to compare: the beginning of both stretches."""
        compared = min(self.seconds, _COMPARED_SECONDS)
        first, second = (
            Span(round(start * SAMPLE_RATE), round((start + compared) * SAMPLE_RATE))
            for start in (self.first, self.second)
        )
        return first, second


def find_candidates(prints: Fingerprints) -> list[Candidate]:
    """Return pairs of stretches with nearly the same fingerprints, longest first, at most 20."""
    lags, places = _hits(prints)
    matches: list[tuple[int, int, int]] = []
    for lag in _popular(lags):
        near = places[np.abs(lags - lag) <= 1]
        distance = np.bitwise_count(prints.bits[lag:] ^ prints.bits[:-lag]) / 32
        both = prints.active[lag:] & prints.active[:-lag]
        kernel = np.ones(_SMOOTH_HOPS) / _SMOOTH_HOPS
        smooth = np.convolve(np.where(both, distance, 0.5), kernel, mode="same")
        for start, end in runs_of(smooth < _BIT_ERRORS):
            if end - start >= _SHORTEST_HOPS and ((near >= start) & (near < end)).any():
                matches.append((end - start, start, lag))
    return _without_overlaps(sorted(matches, reverse=True))


def _hits(prints: Fingerprints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return lag and place of every pair of sounds that agree in half of their bits.

    Copies differ in about one bit of eight, because they lie differently on the hop grid: all 32 bits agree in one hop
    of seventy, one of the halves in one of four.
    """
    where = np.flatnonzero(prints.active).astype(np.int32)  # a two-hour recording has millions of pairs
    halves = (prints.bits[where] & np.uint32(0xFFFF), prints.bits[where] >> np.uint32(16))
    lags, places = zip(*(_pairs(where, keys) for keys in halves), strict=True)
    return np.concatenate(lags), np.concatenate(places)


def _pairs(where: NDArray[np.int32], keys: NDArray[np.uint32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    order = np.argsort(keys, kind="stable")
    values, sizes = np.unique(keys, return_counts=True)
    rare = np.repeat(sizes <= max(_COMMON, _COMMON_SHARE * keys.size), sizes)
    place, key = where[order][rare], np.repeat(values, sizes)[rare]
    lags, places = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    for step in range(1, min(_COMMON, place.size)):
        lag = place[step:] - place[:-step]
        chosen = (key[step:] == key[:-step]) & (lag >= _SMALLEST_LAG_HOPS)
        lags.append(lag[chosen])
        places.append(place[:-step][chosen])
    return np.concatenate(lags), np.concatenate(places)


def _popular(lags: NDArray[np.int32]) -> list[int]:
    """Return the lags with most hits, best first."""
    if not lags.size:
        return []
    counts = np.bincount(lags)
    around = np.convolve(counts, np.ones(3, dtype=np.int64), mode="same")  # copies may fall between two lags
    best = np.argsort(-(around * 4 + counts), kind="stable")[: 4 * _CANDIDATES]
    return [int(lag) for lag in best if around[lag] >= _HITS and counts[lag]]


def _without_overlaps(matches: list[tuple[int, int, int]]) -> list[Candidate]:
    kept: list[tuple[int, int, int]] = []
    for length, start, lag in matches:
        if len(kept) < _CANDIDATES and not any(
            start < other + size and other < start + length and abs(lag - gap) <= _SMOOTH_HOPS
            for size, other, gap in kept
        ):
            kept.append((length, start, lag))
    return [
        Candidate(start * HOP_SECONDS, (start + lag) * HOP_SECONDS, length * HOP_SECONDS) for length, start, lag in kept
    ]
