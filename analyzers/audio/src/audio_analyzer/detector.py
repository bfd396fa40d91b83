"""What a detector of the audio analyzer is."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_kit.analysis import Setup
from analyzer_kit.detector import Detector, DetectorSource
from audio_analyzer import ANALYZER
from audio_analyzer.reading import AnyMeter, AudioReading, Span


class AudioDetector(Detector[AudioReading]):
    """A detector over a recording's sound.

    Attributes:
        meters: what it needs measured while the recording is decoded; :meth:`AudioReading.measured` has the results.
        joins: sha256 of the files of the models whose answer is a part of its own.
    """

    version = ANALYZER.version
    meters: Sequence[AnyMeter] = ()
    joins: Sequence[str] = ()

    def spans(self, reading: AudioReading) -> Sequence[Span]:
        """Return the stretches whose samples it needs; :meth:`AudioReading.samples` has them when it detects.

        All detectors' spans are cut in one pass over the recording, after everything is measured.
        """
        del reading
        return ()


type AudioEntry = AudioDetector | DetectorSource[AudioDetector, Setup]
