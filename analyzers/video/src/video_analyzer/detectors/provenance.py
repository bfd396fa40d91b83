"""Provenance: what the container says of itself. All of it can be written or removed, so it weighs little."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.provenance.labels import LIMITATION, findings_on
from analyzer_kit.provenance.store import places_in
from video_analyzer.boxes import Boxes, read_boxes
from video_analyzer.detector import VideoDetector
from video_analyzer.reading import VideoReading

_LATER = 86_400
_CHANGED = 10
"""The score of a trace of editing that phones leave as well."""


class Provenance(VideoDetector):
    """Facts (score 0) and weak hints about how the file was made."""

    name = "Provenance"
    id = "video.provenance"
    limitations = (LIMITATION,)

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return the report on one recording.

        Raises:
            AnalysisError: as when it was decoded.
        """
        if reading.recording is None or reading.front is None:
            return self.report(0)
        seconds, places = reading.facts.duration_seconds, reading.computed(places_in)
        findings = [
            Finding(kind=kind, start_seconds=0, end_seconds=round(seconds, 3), score=_CHANGED, message=message[:300])
            for kind, message in _of_boxes(read_boxes(reading.recording))
        ]
        findings += findings_on(reading.recording, reading.front, places, seconds)
        return self.report(max((finding.score for finding in findings), default=0), findings)


def _of_boxes(boxes: Boxes) -> Iterable[tuple[str, str]]:
    several = [edits for edits in boxes.edits if len(edits) > 1]
    if several:
        yield (
            "EditList",
            (
                f"A track is put together from {max(map(len, several))} stretches by an edit list: "
                "parts of what is stored are not shown."
            ),
        )
    if boxes.created and boxes.modified - boxes.created > _LATER:
        days = (boxes.modified - boxes.created) / _LATER
        yield (
            "ModifiedLater",
            (f"The file says that it was made on {_date(boxes.created)} and changed {days:.0f} days later."),
        )


def _date(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "a day that no calendar has"
