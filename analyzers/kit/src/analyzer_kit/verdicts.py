"""From scores and claims to a verdict: one rule, with its thresholds explained."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import SEVERITY, SUSPICIOUS_FROM, DetectorReport, Verdict, counted
from analyzer_kit.coverage import Coverage


def verdict_of(report: DetectorReport) -> Verdict:
    """Return one detector's verdict: its claim, and without one what follows from its score.

    ``LikelyFake`` never follows from a score: it takes a claim, and that takes measured errors.
    """
    if report.claim is not None:
        return report.claim
    return Verdict.SUSPICIOUS if report.score >= SUSPICIOUS_FROM else Verdict.NO_EVIDENCE


def judge(reports: Sequence[DetectorReport], *, conclusive: bool) -> tuple[Verdict, int]:
    """Return the verdict and score of one recording.

    The severest detector decides: they look for different things, so a quiet one does not argue against a loud one,
    and where one could not look, it is not known that there is nothing. The score is the highest counted one. The
    operator joins analyses by the same rule (docs/verdicts.md).

    Args:
        reports: one of each detector.
        conclusive: whether there was enough in the recording to look at. What its credentials declare counts even so.
    """
    told = [conclusive or report.credentials is not None for report in reports]
    answers = [
        (verdict_of(report) if counts else Verdict.INCONCLUSIVE, report.score)
        for report, counts in zip(reports, told, strict=True)
    ]
    verdict = max((answer for answer, _ in answers), key=SEVERITY.__getitem__, default=Verdict.NO_EVIDENCE)
    score = max((counted(answer, points) for answer, points in answers), default=0)
    evident = SEVERITY[verdict] >= SEVERITY[Verdict.SUSPICIOUS]
    return (verdict if conclusive or evident else Verdict.INCONCLUSIVE), score


def of_the_whole(verdict: Verdict, summary: str, coverage: Coverage) -> tuple[Verdict, str]:
    """Return the verdict, and the sentence for a person, of a recording of which only a part may have been examined.

    Evidence stays evidence wherever it was found, as far as :func:`judge` took it for some. That nothing was found says
    nothing of what was not examined: below ``LEAST_EXAMINED`` it is ``Inconclusive``, and the sentence names what is
    missing.

    Args:
        verdict: of what was examined.
        summary: its sentence.
        coverage: what was examined.
    """
    gaps = " ".join(coverage.gaps)
    if coverage.spoilt and SEVERITY[verdict] <= SEVERITY[Verdict.INCONCLUSIVE]:
        return Verdict.INCONCLUSIVE, f"Nothing can be said, since too much is damaged, or encrypted. {gaps}"[:500]
    if coverage.sufficient or SEVERITY[verdict] > SEVERITY[Verdict.INCONCLUSIVE]:
        return verdict, summary
    if verdict is Verdict.INCONCLUSIVE:
        return verdict, f"{summary} {gaps}"[:500].rstrip()
    sentence = f"No evidence was found, but only {coverage.percent} % was examined. {gaps}"
    return Verdict.INCONCLUSIVE, sentence[:500].rstrip()
