"""Fuse the verdicts of any set of analyses into the request's one. Pure and monotone; see docs/verdicts.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_operator.api import AnalysisStatus
from analyzer_contract import SEVERITY, Verdict, counted


@dataclass(frozen=True, slots=True)
class Fused:
    """The request's verdict and its score, an integer from 0 to 100: how strong the strongest evidence is."""

    verdict: Verdict
    score: int


def fuse(analyses: Sequence[AnalysisStatus]) -> Fused | None:
    """Return the fused verdict, or None when no analysis has one.

    The severest verdict and the highest counted score: of all ways to join scores, in any order and grouping, only
    the maximum leaves a score as it is when the same evidence counts twice, and the evidence in the pictures and in
    the sound of one file is seldom independent. An analysis that failed looked at nothing, and one that examined too
    little did not look at the rest, so with either `NoEvidence` becomes `Inconclusive`; one that was skipped, because
    the recording has no such stream, changes nothing.
    """
    verdicts = [(entry.verdict, entry.score or 0) for entry in analyses if entry.verdict is not None]
    if not verdicts:
        return None
    severest = max((verdict for verdict, _ in verdicts), key=SEVERITY.__getitem__)
    if any(entry.blind for entry in analyses) and severest is Verdict.NO_EVIDENCE:
        severest = Verdict.INCONCLUSIVE
    return Fused(severest, max(counted(verdict, score) for verdict, score in verdicts))
