"""Fusion: from the verdicts of any set of analyses to the request's one. Pure and monotone; see docs/verdicts.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_operator.api import AnalysisState, AnalysisStatus
from analyzer_contract import SEVERITY, Verdict, counted


@dataclass(frozen=True, slots=True)
class Fused:
    """The request's verdict and its score, an integer from 0 to 100: how strong the strongest evidence is."""

    verdict: Verdict
    score: int


def fuse(analyses: Sequence[AnalysisStatus]) -> Fused | None:
    """Give the fused verdict, or None when no analysis has one.

    The severest verdict and the highest counted score: of all ways to join scores, in any order and grouping, only
    the maximum leaves a score as it is when the same evidence is told twice, and what is seen in the picture and
    heard in the sound of one file is seldom told independently. An analysis that failed looked at nothing, so beside
    it `NoEvidence` becomes `Inconclusive`; what was skipped, because the recording has no such stream, takes nothing
    away.
    """
    spoken = [(found.verdict, found.score or 0) for found in analyses if found.verdict is not None]
    if not spoken:
        return None
    severest = max((verdict for verdict, _ in spoken), key=SEVERITY.__getitem__)
    blind = any(found.state is AnalysisState.FAILED for found in analyses)
    if blind and severest is Verdict.NO_EVIDENCE:
        severest = Verdict.INCONCLUSIVE
    return Fused(severest, max(counted(verdict, score) for verdict, score in spoken))
