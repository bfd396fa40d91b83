"""RepeatedAudio: a stretch of speech that occurs twice, sample for sample, as no voice can say it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.candidates import Candidate, find_candidates
from audio_analyzer.detector import AudioDetector
from audio_analyzer.fingerprints import HOP, Fingerprinter
from audio_analyzer.levels import LevelMeter
from audio_analyzer.natural_copies import Copied, announced, beside, has_echo, is_regular, out_of_nothing
from audio_analyzer.reading import AudioReading, Span
from audio_analyzer.voice_activity import SpeechFrames, speech_frames

_SAME = 0.8
"""Correlation of two stretches that are copies, also after lossy coding.
No candidate in 832 genuine recordings exceeds 0.5."""

_TONE = 0.6
"""A sound that is this similar to itself a moment later (tone, hum, buzzer) repeats by nature."""

_SEARCH_SAMPLES = 2 * HOP
_MOSTLY = 0.5
"""Share of a stretch that must be speech: programs, instruments and bells repeat themselves by nature."""


class RepeatedAudio(AudioDetector):
    """Stretches of speech that are copies of earlier ones; copies of other sound are facts."""

    name = "RepeatedAudio"
    id = "audio.repeated-audio"
    limitations = (
        "Only speech that occurs twice counts: music, ringing tones and the sounds of programs repeat by design. So do "
        "announcements: speech that comes back at regular times, at least three times more, or stands alone, with a "
        "second without other speech before and after it. Echoes of up to three seconds are heard of all sound.",
        "A copy that was stretched, pitched, or laid under other sound is not found; nor one shorter than about 1.5 s.",
    )
    meters = (Fingerprinter, LevelMeter, VoiceMeter)

    def __init__(self, speech: SpeechFrames = speech_frames) -> None:
        self._speech = speech

    def spans(self, reading: AudioReading) -> list[Span]:
        """Return both stretches of each candidate, and what lies before and after those that may be an echo."""
        return [span for one in reading.computed(_candidates) for span in (*one.spans, *beside(one))]

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Judge the candidates by how alike their samples are, and by whether somebody speaks in them."""
        copies = [copied for candidate in reading.computed(_candidates) if (copied := _copied(candidate, reading))]
        speech, dbfs = reading.computed(self._speech), reading.measured(LevelMeter).dbfs
        played = is_regular([copied.lag for copied in copies])
        alone_of = announced(copies, speech, reading.measured(Fingerprinter))
        findings = [
            _finding(
                copied,
                evident=_is_speech(copied, speech)
                and not (played or alone or copied.echo or out_of_nothing(copied, dbfs)),
            )
            for copied, alone in zip(copies, alone_of, strict=True)
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


def _copied(candidate: Candidate, reading: AudioReading) -> Copied | None:
    """Return the two stretches if they are alike; None for those that are not, and for tones, which always are."""
    first, second = (reading.samples(span) for span in candidate.spans)
    likeness = 0.0 if is_tone(first) else similarity(first, second)
    if likeness < _SAME:
        return None
    lag = candidate.second - candidate.first
    return Copied(candidate, likeness, any(has_echo(reading.samples(span), lag) for span in beside(candidate)))


def _is_speech(copied: Copied, speech: NDArray[np.bool_]) -> bool:
    stretches = [speech[stretch] for stretch in copied.stretches]
    return all(stretch.size > 0 and float(stretch.mean()) >= _MOSTLY for stretch in stretches)


def _finding(copied: Copied, *, evident: bool) -> Finding:
    if evident:
        why = "a voice never repeats itself so exactly"
    elif copied.echo:
        why = "so does all other sound, which is an echo"
    else:
        why = "what a program or an instrument plays repeats so"
    return Finding(
        kind="RepeatedAudio",
        start_seconds=round(copied.candidate.second, 3),
        end_seconds=round(copied.candidate.second + copied.candidate.seconds, 3),
        score=min(100, round(SUSPICIOUS_FROM + 250 * (copied.likeness - _SAME))) if evident else 0,
        message=(
            f"{copied.candidate.seconds:.2f} s of sound repeat what is heard at {copied.candidate.first:.2f} s "
            f"(correlation {copied.likeness:.3f}): {why}."
        ),
    )


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
