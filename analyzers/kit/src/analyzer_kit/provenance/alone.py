"""What a file says of itself, and nothing else of it: for ``guardian provenance``, in a confined child as any analysis.

Nothing is decoded, so that any file may be asked, also one that no analyzer takes.
"""

from __future__ import annotations

from pathlib import Path

from analyzer_contract import DetectorReport, MediaFacts
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust
from analyzer_kit.detector import Detector, Reading
from analyzer_kit.provenance.credentials import CARD, LIMITATIONS, NAME, CredentialsReader, report_on
from analyzer_kit.verdicts import judge

_reader: CredentialsReader | None = None
"""This process's own, once it is warm."""


class _Credentials(Detector[Reading]):
    name = NAME
    id = "provenance.credentials"
    version = "0.1.0"
    limitations = LIMITATIONS
    eval_card = CARD

    def detect(self, reading: Reading) -> DetectorReport:
        """Return an empty report: it is asked for files, and not for readings."""
        del reading
        return self.report(0)


def analyze(recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Return what ``recording`` says of itself; there is nothing to draw."""
    del plot, caps, progress
    if _reader is None:
        raise RuntimeError("not warm")
    report = report_on(_Credentials(), _reader.read(recording), 0)
    verdict, score = judge([report], conclusive=True)
    return Assessment(
        media=MediaFacts(), verdict=verdict, score=score, summary="", examined_share=1, detectors=[report]
    )


def warm_up(caps: Caps, models: Models, trust: Trust) -> None:
    """Load the library and the trust list.

    Raises:
        Misconfigured: the trust list cannot be used.
    """
    global _reader  # noqa: PLW0603 - a child process has one
    del caps, models
    _reader = CredentialsReader(trust)
    _reader.warm_up()
