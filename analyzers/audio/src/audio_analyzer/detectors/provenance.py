"""Provenance: what the labels of the file say of how it was made."""

from __future__ import annotations

from analyzer_contract import DetectorReport
from analyzer_kit.provenance.labels import LIMITATION, findings_on
from analyzer_kit.provenance.store import places_in
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading


class Provenance(AudioDetector):
    """Facts about how the file was made, by its labels."""

    name = "Provenance"
    id = "audio.provenance"
    limitations = (LIMITATION,)

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording.

        Raises:
            AnalysisError: as when it was decoded.
        """
        if reading.recording is None or reading.header is None:
            return self.report(0)
        seconds, places = reading.facts.duration_seconds, reading.computed(places_in)
        return self.report(0, findings_on(reading.recording, reading.header.front, places, seconds))
