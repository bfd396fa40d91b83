"""From scores to a verdict: one rule, with its thresholds explained."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport, Verdict

SUSPICIOUS_FROM = 50
"""Each detector scales its score so that 50 is where none of its genuine reference recordings lies."""


def judge(detectors: Sequence[DetectorReport], *, conclusive: bool) -> tuple[Verdict, int]:
    """The verdict and score of one recording.

    The strongest detector decides: they look for different things, so a quiet one does not argue against a loud one.
    ``LikelyFake`` is never said here: it needs a model whose error rate was measured for that claim, and none is
    installed.

    Args:
        detectors: what each of them found.
        conclusive: whether there was enough in the recording to look at.
    """
    score = max((detector.score for detector in detectors), default=0)
    if not conclusive:
        return Verdict.INCONCLUSIVE, score
    return (Verdict.SUSPICIOUS if score >= SUSPICIOUS_FROM else Verdict.NO_EVIDENCE), score
