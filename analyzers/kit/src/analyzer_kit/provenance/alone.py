"""What a file says of itself, and nothing else of it: for ``guardian provenance``, in a confined child as any analysis.

Nothing is decoded, so that damaged files may be asked, too, and others that no analyzer takes but have credentials.
"""

from __future__ import annotations

from pathlib import Path

from analyzer_contract import DetectorReport, FailureReason, MediaFacts
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust
from analyzer_kit.detector import Detector, Reading
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.front import front_of
from analyzer_kit.provenance.credentials import CARD, LIMITATIONS, NAME, CredentialsReader, report_on
from analyzer_kit.provenance.labels import LIMITATION, findings_on
from analyzer_kit.provenance.store import places_of
from analyzer_kit.verdicts import judge

_reader: CredentialsReader | None = None
"""This process's own, once it is warm."""


class _Asked(Detector[Reading]):
    """A detector that is asked for files, and not for readings."""

    version = "0.1.0"

    def detect(self, reading: Reading) -> DetectorReport:
        """Return an empty report."""
        del reading
        return self.report(0)


class _Credentials(_Asked):
    name = NAME
    id = "provenance.credentials"
    limitations = LIMITATIONS
    eval_card = CARD


class _Labels(_Asked):
    name = "Provenance"
    id = "provenance.labels"
    limitations = (LIMITATION,)


def analyze(recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Return what ``recording`` says of itself; there is nothing to draw.

    Raises:
        AnalysisError: UnsupportedMedia: no credentials were found, in a format for which no place is defined for them.
    """
    del plot, progress
    if _reader is None:
        raise RuntimeError("not warm")
    places = places_of(recording)
    credentials = _reader.read(recording, places)
    reports = [report_on(_Credentials(), credentials, 0)]
    try:
        reports.append(_Labels().report(0, findings_on(recording, front_of(recording, caps), places, 0)))
    except AnalysisError as error:  # of a file that no analyzer takes no labels are known
        if credentials is None and error.reason is FailureReason.UNSUPPORTED_MEDIA:
            raise
    verdict, score = judge(reports, conclusive=True)
    return Assessment(media=MediaFacts(), verdict=verdict, score=score, summary="", examined_share=1, detectors=reports)


def warm_up(caps: Caps, models: Models, trust: Trust) -> None:
    """Load the library and the trust list.

    Raises:
        Misconfigured: the trust list cannot be used.
    """
    global _reader  # noqa: PLW0603 - a child process has one
    del caps, models
    _reader = CredentialsReader(trust)
    _reader.warm_up()
