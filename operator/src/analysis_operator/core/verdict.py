"""Fusion: from the verdicts of any set of analyses to the request's one. Pure and monotone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_operator.api import AnalysisState, AnalysisStatus
from analyzer_contract import Verdict

SEVERITY = {Verdict.NO_EVIDENCE: 0, Verdict.INCONCLUSIVE: 1, Verdict.SUSPICIOUS: 2, Verdict.LIKELY_FAKE: 3}
"""One strong piece of evidence is enough: the severest verdict decides."""


@dataclass(frozen=True, slots=True)
class Fused:
    """The request's verdict and its score, an integer from 0 to 100."""

    verdict: Verdict
    score: int


def fuse(analyses: Sequence[AnalysisStatus]) -> Fused | None:
    """Give the fused verdict, or None when no analysis has one.

    The severest verdict wins, and the highest score among those that gave it is the score. An analysis that
    failed looked at nothing, so beside it `NoEvidence` becomes `Inconclusive`; what was skipped, because the
    recording has no such stream, takes nothing away.
    """
    spoken = [(found.verdict, found.score or 0) for found in analyses if found.verdict is not None]
    if not spoken:
        return None
    severest = max((verdict for verdict, _ in spoken), key=SEVERITY.__getitem__)
    score = max(score for verdict, score in spoken if verdict is severest)
    blind = any(found.state is AnalysisState.FAILED for found in analyses)
    if blind and severest is Verdict.NO_EVIDENCE:
        severest = Verdict.INCONCLUSIVE
    return Fused(severest, score)
