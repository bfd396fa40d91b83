"""Detectors that exist only in tests: each finds one thing in every recording, with a meter of its own."""

from __future__ import annotations

import numpy as np

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.media.audio import SAMPLE_RATE, Samples
from analyzer_kit.media.gray import GrayFrame
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading, Span
from context_analyzer.detector import ContextDetector
from context_analyzer.reading import ContextReading
from context_analyzer.transcript import Transcript
from video_analyzer.detector import VideoDetector
from video_analyzer.reading import VideoReading

NAME = "ToyDetector"
KIND = "ToyFinding"
SCORE = 77
SUMMARY = "A toy was found in the first tenth of a second."
LIMITATION = "It finds a toy in everything."


class PeakMeter:
    """The number of samples, and the largest of them."""

    def __init__(self) -> None:
        self._count, self._peak = 0, 0.0

    def add(self, samples: Samples) -> None:
        """Take the next samples."""
        self._count += samples.size
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0)))

    def result(self) -> tuple[int, float]:
        """Return the number of samples, and the largest of them."""
        return self._count, self._peak


class ToyAudioDetector(AudioDetector):
    """Finds the largest sample of the whole, and the loudness of the first tenth of a second."""

    name = NAME
    id = "audio.toy"
    limitations = (LIMITATION,)
    meters = (PeakMeter,)

    def spans(self, reading: AudioReading) -> list[Span]:
        """Return the first tenth of a second."""
        return [Span(0, min(SAMPLE_RATE // 10, reading.total))]

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return a report with one finding."""
        count, peak = reading.measured(PeakMeter)
        (span,) = self.spans(reading)
        message = f"{count} samples, at most {peak:.3f}; {reading.samples(span).size} of them were cut."
        return self.report(SCORE, [Finding(kind=KIND, start_seconds=0, end_seconds=0.1, score=SCORE, message=message)])

    def summary(self, report: DetectorReport) -> str:
        """Return that there is a toy."""
        return SUMMARY


class BrightnessMeter:
    """The number of frames, and their mean brightness."""

    def __init__(self) -> None:
        self._means: list[float] = []

    def add(self, _time: float, frame: GrayFrame, *, begins: bool) -> None:
        """Take the next frame."""
        assert begins is not bool(self._means)
        self._means.append(float(frame.mean()))

    def result(self) -> tuple[int, float]:
        """Return the number of frames, and their mean brightness."""
        return len(self._means), float(np.mean(self._means))


class ToyVideoDetector(VideoDetector):
    """Finds the brightness of the whole."""

    name = NAME
    id = "video.toy"
    limitations = (LIMITATION,)
    meters = (BrightnessMeter,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return a report with one finding."""
        message = "{} frames, {:.0f} gray levels.".format(*reading.measured(BrightnessMeter))
        return self.report(SCORE, [Finding(kind=KIND, start_seconds=0, end_seconds=0.1, score=SCORE, message=message)])

    def summary(self, report: DetectorReport) -> str:
        """Return that there is a toy."""
        return SUMMARY


class ToyContextDetector(ContextDetector):
    """Finds the first word, and what it asked for."""

    name = NAME
    id = "toy"
    limitations = (LIMITATION,)

    async def ask(self, transcript: Transcript, seconds: float) -> str:
        """Return an answer about the transcript."""
        return f"{len(transcript.turns)} turns" if seconds > 0 else "late"

    def detect(self, reading: ContextReading) -> DetectorReport:
        """Return a report with one finding."""
        message = f"{reading.answers[NAME]}, the first is {reading.transcript.turns[0].text!r}."
        return self.report(SCORE, [Finding(kind=KIND, start_seconds=0, end_seconds=0.1, score=SCORE, message=message)])

    def summary(self, report: DetectorReport) -> str:
        """Return that there is a toy."""
        return SUMMARY
