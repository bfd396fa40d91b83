"""DigitalSilence: gaps in speech that no microphone in a room could have recorded, and no ordinary device leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.gaps import Gap, find_gaps
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, sound_frames
from audio_analyzer.reading import AudioReading
from audio_analyzer.voice_activity import SpeechFrames, densest_seconds, speech_frames
from audio_analyzer.windows import LEAST_SPEECH_SECONDS

_SCORE_OF_FEW = (0, 25, 40)
"""One or two gaps also come from trimming."""

_PER_MINUTE = 6.0
"""A long call has a few by chance, as where the line fails; three in less than half a minute are none."""

_SCORE_OF_EACH, _MOST_SCORE = 5, 85
_MOST_FACTS = 20

_AROUND, _BESIDE, _MOSTLY = 50, 10, 0.5
"""Frames of 10 ms around a gap in which somebody may speak; those that say what it cuts off, and the share of sound."""


class DigitalSilence(AudioDetector):
    """Stretches far below a recording's own noise, between its first and its last sound.

    Those that were cut in count: three of them in speech, at least six a minute, are suspicious. The others are facts.
    """

    name = "DigitalSilence"
    id = "audio.digital-silence"
    eval_card = "docs/cards/ordinary-sound.md"
    limitations = (
        "Only gaps of 0.1 to 0.6 s in a recording with noise of its own count: where every pause is silent, as in "
        "synthetic voices, after a noise gate, or in calls that send no pauses, silence says nothing.",
        "A poor line that loses a tenth of a second and more at a time, several times a minute, leaves the same gaps.",
    )
    meters = (LevelMeter, VoiceMeter)

    def __init__(self, speech: SpeechFrames = speech_frames) -> None:
        self._speech = speech

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording."""
        sound = reading.computed(sound_frames)
        if not sound.any():
            return self.report(0)
        first, last = int(sound.argmax()), sound.size - int(sound[::-1].argmax())
        gaps, speech = find_gaps(reading.measured(LevelMeter).dbfs[first:last]), reading.computed(self._speech)
        if densest_seconds(speech) < LEAST_SPEECH_SECONDS:
            gaps = [replace(gap, cut=False) for gap in gaps]
        gaps = [
            replace(gap, cut=False) if _is_between_tones(gap, sound[first:last], speech[first:last]) else gap
            for gap in gaps
        ]
        cut = [gap for gap in gaps if gap.cut]
        score = _score(len(cut), (last - first) * FRAME_SECONDS / 60)
        facts = sorted((gap for gap in gaps if not gap.cut), key=lambda gap: gap.start - gap.end)[:_MOST_FACTS]
        return self.report(score, _findings(first, sorted([*cut, *facts], key=lambda gap: gap.start), score))

    def summary(self, report: DetectorReport) -> str:
        """Return the number of gaps."""
        if report.score < SUSPICIOUS_FROM:
            return ""
        number = sum(finding.score > 0 for finding in report.findings)
        return f"In {number} places the sound is cut off by digital silence, while its own noise goes on elsewhere."


def _is_between_tones(gap: Gap, sound: NDArray[np.bool_], speech: NDArray[np.bool_]) -> bool:
    """Return whether a gap cuts off a sound that nobody speaks: ringing tones and signals come in bursts."""
    spoken = speech[max(gap.start - _AROUND, 0) : gap.end + _AROUND]
    beside = np.concatenate([sound[max(gap.start - _BESIDE, 0) : gap.start], sound[gap.end : gap.end + _BESIDE]])
    return not spoken.any() and bool(beside.mean() >= _MOSTLY)


def _score(cut: int, minutes: float) -> int:
    if cut < len(_SCORE_OF_FEW) or cut < _PER_MINUTE * minutes:
        return _SCORE_OF_FEW[min(cut, len(_SCORE_OF_FEW) - 1)]
    return min(SUSPICIOUS_FROM + _SCORE_OF_EACH * (cut - len(_SCORE_OF_FEW)), _MOST_SCORE)


def _findings(first: int, gaps: Sequence[Gap], score: int) -> list[Finding]:
    findings = []
    for gap in gaps:
        level = "bit-exact zeros" if gap.loudest <= -190 else f"at most {gap.loudest:.0f} dBFS"  # noqa: PLR2004 - all but zero
        why = (
            "the sound is cut off here, and its noise goes on elsewhere"
            if gap.cut
            else ("as noise gates, muting, and calls that send no pauses leave it")
        )
        findings.append(
            Finding(
                kind="DigitalSilence",
                start_seconds=round((first + gap.start) * FRAME_SECONDS, 3),
                end_seconds=round((first + gap.end) * FRAME_SECONDS, 3),
                score=score if gap.cut else 0,
                message=f"{(gap.end - gap.start) * FRAME_SECONDS:.2f} s with {level}: {why}.",
            )
        )
    return findings
