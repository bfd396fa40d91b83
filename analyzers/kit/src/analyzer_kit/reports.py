"""The completion of every detector's report: a timeline, and the limitations of the analyzer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from analyzer_contract import MOST_FINDINGS, MOST_POINTS, DetectorReport, Finding, TimelinePoint, left_out

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


def bounded(reports: Sequence[DetectorReport]) -> list[DetectorReport]:
    """Return reports that fit into a result together: their strongest findings, and timelines of fewer points.

    What is left out is said among the limitations of its detector.
    """
    points = sum(len(report.timeline) for report in reports)
    share = MOST_POINTS // len(reports) if points > MOST_POINTS else MOST_POINTS
    every = [
        (finding.score, number, at) for number, one in enumerate(reports) for at, finding in enumerate(one.findings)
    ]
    kept = {place[1:] for place in sorted(every, key=lambda place: -place[0])[:MOST_FINDINGS]}
    return [
        _reduced(report, [finding for at, finding in enumerate(report.findings) if (number, at) in kept], share)
        for number, report in enumerate(reports)
    ]


def _reduced(report: DetectorReport, findings: list[Finding], points: int) -> DetectorReport:
    changed: dict[str, object] = {"timeline": _thinned(report.timeline, points), "findings": findings}
    if missing := len(report.findings) - len(findings):
        changed["limitations"] = left_out(report.limitations, missing)
    return report.model_copy(update=changed)


def _thinned(points: Sequence[TimelinePoint], most: int = _MOST_POINTS) -> list[TimelinePoint]:
    """Return at most so many: neighbours become one stretch with the highest of their scores."""
    step = -(-len(points) // most)
    return [_joined(points[start : start + step]) for start in range(0, len(points), step)] if points else []


def _joined(points: Sequence[TimelinePoint]) -> TimelinePoint:
    score = max(point.score for point in points)
    return TimelinePoint(start_seconds=points[0].start_seconds, end_seconds=points[-1].end_seconds, score=score)
