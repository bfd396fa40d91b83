"""What is added to every detector's report in the same way."""

from __future__ import annotations

import math

from analyzer_contract import DetectorReport, TimelinePoint

_LONGEST_BINS = 7200


def completed(report: DetectorReport, *, seconds: float, limitation: str = "") -> DetectorReport:
    """``report`` with a timeline, unless it has one, of one score a second (the strongest finding there).

    Args:
        report: from a detector.
        seconds: length of the recording.
        limitation: what none of the analyzer's detectors can say; it goes before the others.
    """
    scores = [0] * min(max(math.ceil(seconds), 1), _LONGEST_BINS)
    for finding in report.findings:
        last = max(math.ceil(finding.end_seconds), int(finding.start_seconds) + 1)
        for second in range(int(finding.start_seconds), min(last, len(scores))):
            scores[second] = max(scores[second], finding.score)
    timeline = [
        TimelinePoint(start_seconds=second, end_seconds=second + 1, score=score) for second, score in enumerate(scores)
    ]
    limitations = [limitation, *report.limitations] if limitation else report.limitations
    return report.model_copy(update={"timeline": report.timeline or timeline, "limitations": limitations})
