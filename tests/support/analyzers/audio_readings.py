"""Sound that a test made, read as the audio analyzer reads a recording."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport
from analyzer_kit.media.audio import Samples
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading, read_samples


def reading_for(detectors: Sequence[AudioDetector], samples: Samples, block: int = 160_000) -> AudioReading:
    """Read samples in blocks, with all that these detectors ask for."""
    reading = read_samples(samples, [meter for detector in detectors for meter in detector.meters], block)
    reading.cut(span for detector in detectors for span in detector.spans(reading))
    return reading


def detected(detector: AudioDetector, samples: Samples, block: int = 160_000) -> DetectorReport:
    """Return one detector's report on samples."""
    return detector.detect(reading_for([detector], samples, block))
