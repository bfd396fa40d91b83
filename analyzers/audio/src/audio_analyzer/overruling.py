"""A model that joins another with more overrules the other's suspicion where both listened. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, Verdict
from audio_analyzer.detector import AudioDetector

_HEARD_SHARE = 0.5
"""Of a finding's time: the windows of two models lie side by side, but not each is in the domain of both."""


def overruled(detectors: Sequence[AudioDetector], reports: Sequence[DetectorReport]) -> list[DetectorReport]:
    """Return the reports with suspicions that a wider model does not share turned into none.

    What lies above the stricter threshold (``LikelyFake``) stands, whatever another model says.

    Args:
        detectors: what was asked.
        reports: one of each, in their order.
    """
    wider = [
        (detector, report)
        for detector, report in zip(detectors, reports, strict=True)
        if detector.joins and report.claim is Verdict.NO_EVIDENCE
    ]
    return [_beside(report, [other for by, other in wider if report.model.sha256 in by.joins]) for report in reports]


def _beside(report: DetectorReport, wider: Sequence[DetectorReport]) -> DetectorReport:
    if report.claim is not Verdict.SUSPICIOUS:
        return report
    by = next((other for other in wider if all(_heard(finding, other) for finding in report.findings)), None)
    if by is None:
        return report
    most = SUSPICIOUS_FROM - 1
    points = [point.model_copy(update={"score": min(point.score, most)}) for point in report.timeline]
    why = (
        "By itself this model would find the voice suspicious. "
        f"{by.model.id}, which joins it with another model, heard the same and found nothing."
    )
    return report.model_copy(
        update={
            "score": min(report.score, most),
            "claim": Verdict.NO_EVIDENCE,
            "findings": [],
            "timeline": points,
            "limitations": [why, *report.limitations],
        }
    )


def _heard(finding: Finding, by: DetectorReport) -> bool:
    """Return whether a model judged enough of a finding's time."""
    edges = sorted(
        (max(point.start_seconds, finding.start_seconds), min(point.end_seconds, finding.end_seconds))
        for point in by.timeline
    )
    heard, until = 0.0, finding.start_seconds
    for start, end in edges:
        heard += max(0.0, end - max(start, until))
        until = max(until, end)
    return heard >= _HEARD_SHARE * (finding.end_seconds - finding.start_seconds)
