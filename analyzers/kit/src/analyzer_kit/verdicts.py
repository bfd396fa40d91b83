"""From scores and claims to a verdict: one rule, with its thresholds explained."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import SEVERITY, SUSPICIOUS_FROM, DetectorReport, Verdict, counted


def verdict_of(detector: DetectorReport) -> Verdict:
    """What one detector says: its claim, and without one what follows from its score.

    ``LikelyFake`` never follows from a score: it takes a claim, and that takes measured errors.
    """
    if detector.claim is not None:
        return detector.claim
    return Verdict.SUSPICIOUS if detector.score >= SUSPICIOUS_FROM else Verdict.NO_EVIDENCE


def judge(detectors: Sequence[DetectorReport], *, conclusive: bool) -> tuple[Verdict, int]:
    """The verdict and score of one recording.

    The severest detector decides: they look for different things, so a quiet one does not argue against a loud one,
    and where one could not look, nothing was not found. The score is the highest counted one. The operator joins
    analyses by the same rule (docs/verdicts.md).

    Args:
        detectors: what each of them found.
        conclusive: whether there was enough in the recording to look at.
    """
    spoken = [(verdict_of(each) if conclusive else Verdict.INCONCLUSIVE, each.score) for each in detectors]
    verdict = max((each for each, _ in spoken), key=SEVERITY.__getitem__, default=Verdict.NO_EVIDENCE)
    score = max((counted(each, points) for each, points in spoken), default=0)
    return (verdict if conclusive else Verdict.INCONCLUSIVE), score
