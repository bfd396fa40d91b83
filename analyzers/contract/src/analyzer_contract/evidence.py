"""Which findings of a whole result go into its last line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer_contract import DetectorReport, Finding

_MOST = 10


def strongest_evidence(detectors: Sequence[DetectorReport]) -> list[Finding]:
    """Return the strongest findings of all detectors, ten at most; what has no score is a fact and no evidence."""
    evidence = [finding for detector in detectors for finding in detector.findings if finding.score > 0]
    evidence.sort(key=lambda finding: (-finding.score, finding.start_seconds, finding.kind))
    return evidence[:_MOST]
