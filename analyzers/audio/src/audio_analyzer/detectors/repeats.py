"""RepeatedAudio: a stretch of speech that occurs twice, sample for sample, as no voice can say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.runs import runs_of
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.fingerprints import HOP, HOP_SECONDS, Fingerprinter, Fingerprints
from audio_analyzer.levels import FRAME_SECONDS, ZERO_DBFS, LevelMeter
from audio_analyzer.reading import AudioReading, Span
from audio_analyzer.voice_activity import SpeechFrames, speech_frames

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
_SAME = 0.8
"""Correlation of two stretches that are copies, also after lossy coding.
No candidate in 832 genuine recordings exceeds 0.5."""

_TONE = 0.6
"""A sound that is this similar to itself a moment later (tone, hum, buzzer) repeats by nature."""

_SEARCH_SAMPLES = 2 * HOP
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


_MOSTLY = 0.5
"""Share of a stretch that must be speech: programs, instruments and bells repeat themselves by nature."""

_BEFORE = 30
"""Frames of 10 ms around the beginning of a stretch, which is found to about 0.3 s."""

_BEATS, _OFF_BEAT_SECONDS = 3, 0.1
"""So many copies at multiples of one period were played by a program, with a voice in them or not."""


class RepeatedAudio(AudioDetector):
    """Stretches of speech that are copies of earlier ones; copies of other sound are facts."""

    name = "RepeatedAudio"
    id = "audio.repeated-audio"
    limitations = (
        "Only speech that occurs twice counts: music, ringing tones and the sounds of programs repeat by design. So do "
        "announcements, which are taken for copies unless they come at regular times, at least three times more.",
        "A copy that was stretched, pitched, or laid under other sound is not found; nor one shorter than about 1.5 s.",
    )
    meters = (Fingerprinter, LevelMeter, VoiceMeter)

    def __init__(self, speech: SpeechFrames = speech_frames) -> None:
        self._speech = speech

    def spans(self, reading: AudioReading) -> list[Span]:
        """Return both stretches of each candidate."""
        return [span for candidate in reading.computed(_candidates) for span in candidate.spans]

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Judge the candidates by how alike their samples are, and by whether somebody speaks in them."""
        copies = []
        for candidate in reading.computed(_candidates):
            first, second = (reading.samples(span) for span in candidate.spans)
            likeness = 0.0 if is_tone(first) else similarity(first, second)
            if likeness >= _SAME:
                copies.append((candidate, likeness))
        speech, dbfs = reading.computed(self._speech), reading.measured(LevelMeter).dbfs
        played = is_regular([candidate.second - candidate.first for candidate, _ in copies])
        findings = [
            _finding(
                candidate,
                likeness,
                evident=not played and _is_speech(candidate, speech) and not _out_of_nothing(candidate, dbfs),
            )
            for candidate, likeness in copies
        ]
        return self.report(max((finding.score for finding in findings), default=0), findings)

    def summary(self, report: DetectorReport) -> str:
        """Return the number of repeated stretches."""
        if report.score < SUSPICIOUS_FROM:
            return ""
        number = sum(finding.score >= SUSPICIOUS_FROM for finding in report.findings)
        return f"{number} stretches of speech are exact repetitions of earlier ones: edited."


def _candidates(reading: AudioReading) -> list[Candidate]:
    return find_candidates(reading.measured(Fingerprinter))


def is_regular(lags: Sequence[float]) -> bool:
    """Return whether copies come at multiples of one period, as what a program plays.

    Args:
        lags: seconds from each first stretch to its copy.
    """
    if len(lags) < _BEATS:
        return False
    period = min(lags)
    return all(abs(lag - round(lag / period) * period) <= _OFF_BEAT_SECONDS for lag in lags)


def _is_speech(candidate: Candidate, speech: NDArray[np.bool_]) -> bool:
    stretches = (
        speech[round(start / FRAME_SECONDS) : round((start + candidate.seconds) / FRAME_SECONDS)]
        for start in (candidate.first, candidate.second)
    )
    return all(stretch.size > 0 and float(stretch.mean()) >= _MOSTLY for stretch in stretches)


def _out_of_nothing(candidate: Candidate, dbfs: NDArray[np.float32]) -> bool:
    """Return whether both stretches begin out of digital silence, as what a program plays does."""
    return all(
        bool((dbfs[max(first - _BEFORE, 0) : first + _BEFORE] < ZERO_DBFS).any())
        for first in (round(start / FRAME_SECONDS) for start in (candidate.first, candidate.second))
    )


def _finding(candidate: Candidate, likeness: float, *, evident: bool) -> Finding:
    why = "a voice never repeats itself so exactly" if evident else "what a program or an instrument plays repeats so"
    return Finding(
        kind="RepeatedAudio",
        start_seconds=round(candidate.second, 3),
        end_seconds=round(candidate.second + candidate.seconds, 3),
        score=min(100, round(SUSPICIOUS_FROM + 250 * (likeness - _SAME))) if evident else 0,
        message=(
            f"{candidate.seconds:.2f} s of sound repeat what is heard at {candidate.first:.2f} s "
            f"(correlation {likeness:.3f}): {why}."
        ),
    )


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


def similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return how alike two stretches are: the best normalised cross-correlation over small shifts, 0 to 1.

    Args:
        first: mono samples at 16 kHz.
        second: the same number of samples; it may lie up to 32 ms off.
    """
    size = min(first.size, second.size)
    inner = first[_SEARCH_SAMPLES : size - _SEARCH_SAMPLES].astype(np.float64)
    outer = second[:size].astype(np.float64)
    if inner.size < HOP:
        return 0.0
    length = 1 << (outer.size + inner.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(outer, length) * np.conj(np.fft.rfft(inner, length)), length)
    dots = product[: outer.size - inner.size + 1]
    sums = np.concatenate([[0.0], np.cumsum(outer**2)])
    energy = sums[inner.size :] - sums[: -inner.size]
    return float(np.max(np.abs(dots) / np.sqrt(np.maximum(energy * np.sum(inner**2), 1e-12))))


def is_tone(samples: NDArray[np.float32]) -> bool:
    """Return whether a stretch is so even that it matches itself 0.1 to 0.4 s later."""
    shifts = (int(SAMPLE_RATE * seconds) for seconds in (0.1, 0.2, 0.3, 0.4))
    return any(similarity(samples[:-shift], samples[shift:]) > _TONE for shift in shifts if shift < samples.size)
