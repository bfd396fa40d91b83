"""Credentials: what the recording's maker states under a signature (C2PA), checked."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Setup
from analyzer_kit.detector import DetectorSource
from analyzer_kit.provenance.credentials import CARD, LIMITATIONS, NAME, CredentialsReader, report_on
from analyzer_kit.provenance.store import places_in
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading


class ContentCredentials(DetectorSource[AudioDetector, Setup]):
    """The one detector of content credentials, with the trust list of the installation."""

    def install(self, setup: Setup) -> Sequence[AudioDetector]:
        """Return the detector.

        Raises:
            Misconfigured: the trust list cannot be used.
        """
        return [CredentialsDetector(CredentialsReader(setup.trust))]

    def gap(self, installed: Sequence[AudioDetector]) -> str:
        """Return nothing: an empty trust list is no gap of the analysis."""
        del installed
        return ""


class CredentialsDetector(AudioDetector):
    """States what the credentials say; a claim only where a trusted maker declares the recording generated.

    Args:
        reader: reads and checks them.
    """

    name = NAME
    id = "audio.credentials"
    limitations = LIMITATIONS
    eval_card = CARD

    def __init__(self, reader: CredentialsReader) -> None:
        self._reader = reader

    def warm_up(self, reading: AudioReading) -> None:
        """Load the library: a confined child cannot."""
        del reading
        self._reader.warm_up()

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording."""
        if reading.recording is None:
            return self.report(0)
        credentials = self._reader.read(reading.recording, reading.computed(places_in))
        return report_on(self, credentials, reading.facts.duration_seconds)
