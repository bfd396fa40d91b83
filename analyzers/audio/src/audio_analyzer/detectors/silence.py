"""DigitalSilence: pauses in speech that no microphone in a room could have recorded."""

from __future__ import annotations

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding
from analyzer_kit.runs import runs_of
from audio_analyzer.detector import AudioDetector
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, Levels, sound_frames
from audio_analyzer.reading import AudioReading

NO_ROOM_DBFS = -85.0
"""Below the quietest 2 % of 462 of 464 genuine recordings (klettres, Asterisk, pocketsphinx: -82 to -10 dBFS; two hold
zeros). Of the 8 studio prompts in alsa-utils, which were evidently edited, 6 do go below it."""

_SHORTEST_FRAMES = 5
"""50 ms: shorter ones occur where a low-level signal crosses zero, and in codecs."""

_SCORE_OF_FEW = (0, 25, 40)
"""One or two such pauses also come from trimming: of 840 recordings of people (the above, with all of Asterisk's) 7
have one, 1 has two, none has three. The scores were set on these same recordings: no held-out ones were measured."""


class DigitalSilence(AudioDetector):
    """Stretches below -85 dBFS between the first and the last sound.

    The score grows with their number, then with their share of all pauses: three or more mean that the pauses are made
    and not recorded (all 6 espeak-ng voices: 3 to 6; 840 recordings of people: none).
    """

    name = "DigitalSilence"
    id = "audio.digital-silence"
    limitations = (
        "Noise gates, calls with voice-activity transmission, and honest editing also leave digital silence.",
        "A synthetic voice with added or recorded background noise has none.",
        "Tuned on 840 short recordings of people and 6 espeak-ng voices; its error rate elsewhere is not known.",
    )
    meters = (LevelMeter,)

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording."""
        levels, sound = reading.measured(LevelMeter), reading.computed(sound_frames)
        if not sound.any():
            return self.report(0)
        first, last = int(sound.argmax()), sound.size - int(sound[::-1].argmax())
        inside = levels.dbfs[first:last]
        silent = [run for run in runs_of(inside < NO_ROOM_DBFS) if run[1] - run[0] >= _SHORTEST_FRAMES]
        pauses = int((~sound[first:last]).sum())
        share = sum(end - start for start, end in silent) / max(pauses, 1)
        score = _SCORE_OF_FEW[len(silent)] if len(silent) < len(_SCORE_OF_FEW) else 50 + round(40 * share)
        score = min(score, 100)
        return self.report(score, [_finding(first + start, first + end, levels, score) for start, end in silent])

    def summary(self, report: DetectorReport) -> str:
        """Return the number of pauses."""
        if report.score < SUSPICIOUS_FROM:
            return ""
        number = len(report.findings)
        return f"{number} pauses are digitally silent, as in synthetic or edited speech; a noise gate can do this too."


def _finding(start: int, end: int, levels: Levels, score: int) -> Finding:
    loudest = float(levels.dbfs[start:end].max())
    level = "bit-exact zeros" if loudest <= -190 else f"at most {loudest:.0f} dBFS"  # noqa: PLR2004 - all but zero
    return Finding(
        kind="DigitalSilence",
        start_seconds=round(start * FRAME_SECONDS, 3),
        end_seconds=round(end * FRAME_SECONDS, 3),
        score=score,
        message=f"A pause of {(end - start) * FRAME_SECONDS:.2f} s with {level}: no room is that quiet.",
    )
