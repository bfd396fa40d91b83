"""DigitalSilence: gaps in speech that no microphone in a room could have recorded. They rank, and accuse no one.

Who zeroes a word and who mutes it for as long leave the same samples; so do a microphone that drops out and a line that
loses packets. How many there are and how long they last tells none of these from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.gaps import Gap, find_gaps
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, sound_frames
from audio_analyzer.reading import AudioReading
from audio_analyzer.voice_activity import SpeechFrames, densest_seconds, speech_frames
from audio_analyzer.windows import LEAST_SPEECH_SECONDS

_SCORES = (0, 25, 40)
"""Of no, one, and more gaps that cut the sound off: under 50, since devices leave them too."""

_MOST_FACTS = 20

_AROUND, _BESIDE, _MOSTLY = 50, 10, 0.5
"""Frames of 10 ms around a gap in which somebody may speak; those that say what it cuts off, and the share of sound."""


class DigitalSilence(AudioDetector):
    """Stretches far below a recording's own noise, between its first and its last sound.

    Those that cut speech off, while its noise goes on elsewhere, make a score; the others are facts.
    """

    name = "DigitalSilence"
    id = "audio.digital-silence"
    eval_card = "docs/cards/ordinary-sound.md"
    limitations = (
        "Gaps alone are no evidence: muting, microphones that drop out, and lost packets leave the same ones as "
        "somebody who cuts words out or puts silence in.",
        "Where every pause is silent, as in synthetic voices, after a noise gate, or in calls that send no pauses, "
        "silence says nothing.",
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
        score = _SCORES[min(len(cut), len(_SCORES) - 1)]
        facts = sorted((gap for gap in gaps if not gap.cut), key=lambda gap: gap.start - gap.end)[:_MOST_FACTS]
        return self.report(score, _findings(first, sorted([*cut, *facts], key=lambda gap: gap.start), score))


def _is_between_tones(gap: Gap, sound: NDArray[np.bool_], speech: NDArray[np.bool_]) -> bool:
    """Return whether a gap cuts off a sound that is not speech: ringing tones and signals come in bursts."""
    spoken = speech[max(gap.start - _AROUND, 0) : gap.end + _AROUND]
    beside = np.concatenate([sound[max(gap.start - _BESIDE, 0) : gap.start], sound[gap.end : gap.end + _BESIDE]])
    return not spoken.any() and bool(beside.mean() >= _MOSTLY)


def _findings(first: int, gaps: Sequence[Gap], score: int) -> list[Finding]:
    findings = []
    for gap in gaps:
        level = "bit-exact zeros" if gap.loudest <= -190 else f"at most {gap.loudest:.0f} dBFS"  # noqa: PLR2004 - all but zero
        why = (
            "the sound is cut off here, as muting, a microphone that drops out, lost packets or an edit leave it"
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
