"""What evidence can say, and from where on a score is evidence."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What the evidence says. There is no "genuine": the best answer is that no evidence was found."""

    LIKELY_FAKE = "LikelyFake"
    SUSPICIOUS = "Suspicious"
    NO_EVIDENCE = "NoEvidence"
    INCONCLUSIVE = "Inconclusive"


SEVERITY = {Verdict.NO_EVIDENCE: 0, Verdict.INCONCLUSIVE: 1, Verdict.SUSPICIOUS: 2, Verdict.LIKELY_FAKE: 3}
"""One strong piece of evidence is enough: of several detectors, and of several analyses, the severest decides."""

SUSPICIOUS_FROM = 50
"""The score where evidence begins. Every detector scales its score so that real recordings lie below: all that it was
set on, or, if it was measured, all but the share of false alarms that its card states."""

LEAST_EXAMINED = 0.9
"""Share of the sound, or of the picture, below which a recording in which nothing was found is `Inconclusive`.

Players and encoders disagree on a length by less than a twentieth, so no whole recording falls below. And with a tenth
left out, six seconds of a one-minute message are unknown: a whole demand for money fits in there."""


def counted(verdict: Verdict, score: int) -> int:
    """Return what a verdict with a score, 0 to 100, adds to a joint score: the score, on its verdict's side.

    A number from a recording that a detector was not made for is no evidence, so `Inconclusive` stays below the line.
    """
    evident = SEVERITY[verdict] >= SEVERITY[Verdict.SUSPICIOUS]
    return max(score, SUSPICIOUS_FROM) if evident else min(score, SUSPICIOUS_FROM - 1)
