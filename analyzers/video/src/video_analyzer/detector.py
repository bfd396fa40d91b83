"""What a detector of the video analyzer is."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Setup
from analyzer_kit.detector import Detector, DetectorSource
from video_analyzer import ANALYZER
from video_analyzer.reading import AnyMeter, VideoReading


class VideoDetector(Detector[VideoReading]):
    """A detector over a recording's moving picture.

    Attributes:
        meters: what it needs measured while the recording is decoded; :meth:`VideoReading.measured` has the results.
        threads: whether its work is worth more than one thread of OpenCV.
    """

    version = ANALYZER.version
    meters: Sequence[AnyMeter] = ()
    threads = False

    def edit(self, report: DetectorReport) -> str:
        """Return what was done to the picture, as a clause for a list of edits; empty if it found no edit.

        A detector without edits has its whole sentence in :meth:`summary`.
        """
        del report
        return ""


def clause(report: DetectorReport, one: str, several: str) -> str:
    """Return ``one`` for one finding that is evidence, ``several`` with their number for more, and nothing for none."""
    number = sum(finding.score > 0 for finding in report.findings)
    return "" if not number else one if number == 1 else several.format(number)


type VideoEntry = VideoDetector | DetectorSource[VideoDetector, Setup]
