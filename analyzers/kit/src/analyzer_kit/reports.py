"""The completion of every detector's report: a timeline, and the limitations of the analyzer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from analyzer_contract import DetectorReport, Finding, TimelinePoint

_MOST_POINTS = 2000
"""Eight times what the report page can show; a whole result stays far below the 2 MiB that are read for it."""
_MOMENT = 0.04
"""Seconds that a finding without any length takes on the timeline: one frame."""


def completed(report: DetectorReport, *, seconds: float, limitation: str = "") -> DetectorReport:
    """Return ``report`` with a timeline, unless it has one: the strongest finding's score at each time.

    Args:
        report: from a detector.
        seconds: length of the recording.
        limitation: what none of the analyzer's detectors can say; it goes first.
    """
    limitations = [limitation, *report.limitations] if limitation else report.limitations
    timeline = _thinned(report.timeline or _timeline(report.findings, seconds))
    return report.model_copy(update={"timeline": timeline, "limitations": limitations})


def _timeline(findings: Sequence[Finding], seconds: float) -> list[TimelinePoint]:
    """Return stretches of one score from 0 to ``seconds``, without a gap, as long as possible."""
    spans = [(one.start_seconds, max(one.end_seconds, one.start_seconds + _MOMENT), one.score) for one in findings]
    inner = {edge for start, end, _ in spans for edge in (start, end) if edge < seconds}
    edges = sorted({0.0, *inner, max(seconds, _MOMENT)})
    points: list[TimelinePoint] = []
    for edge, end in pairwise(edges):
        start = edge
        score = max((score for first, last, score in spans if first <= start and end <= last), default=0)
        if points and points[-1].score == score:
            start = points.pop().start_seconds
        points.append(TimelinePoint(start_seconds=start, end_seconds=end, score=score))
    return points


def _thinned(points: Sequence[TimelinePoint]) -> list[TimelinePoint]:
    """Return at most ``_MOST_POINTS``: neighbours become one stretch with the highest of their scores."""
    step = -(-len(points) // _MOST_POINTS)
    return [_joined(points[start : start + step]) for start in range(0, len(points), step)] if points else []


def _joined(points: Sequence[TimelinePoint]) -> TimelinePoint:
    score = max(point.score for point in points)
    return TimelinePoint(start_seconds=points[0].start_seconds, end_seconds=points[-1].end_seconds, score=score)
