"""ScamIndicators: signs of phishing in what is said, by rules. No network, no model, the same answer every time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, Verdict
from context_analyzer.detector import ContextDetector, phishing, unable
from context_analyzer.detectors.classifier import KIND_SUFFIX, judged
from context_analyzer.lexicon import INDICATORS, PROTECTIVE, Indicator
from context_analyzer.masking import masked
from context_analyzer.phrases import SCAM_KINDS
from context_analyzer.reading import ContextReading
from context_analyzer.reasons import MESSAGES, NotDone, Reason, fact
from context_analyzer.told import only_told
from context_analyzer.transcript import Transcript, Turn

PATTERN = "ScamPattern"
_MANIPULATION = "AnalysisManipulation"
_DEMANDS = {indicator.kind for indicator in INDICATORS if indicator.demand} - {_MANIPULATION}
_FALSE_LENDER = {"LenderIsolation", "MobileAssessor"}
"""A lender who says both wants nothing in this call, and is no honest one for that (docs/adr/0113)."""

FALSE_LOAN = "Loan"
"""The kind of fraud that these are."""

_MOST_PLACES = 8
"""Of one indicator: a long call repeats itself."""

_HIGHEST = 95
_SENTENCE = re.compile(r"[^.?!。…]+[.?!。…]*")
_QUOTED = 160
_LANGUAGES = ("en", "ko")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where an indicator was found: characters ``begin`` to ``end`` of its turn."""

    indicator: Indicator
    begin: int
    end: int
    start: float
    stop: float
    text: str


def find_hits(transcript: Transcript) -> list[Hit]:
    """Return every place where an indicator is said, in order.

    Words that warn of fraud are passed over, and so are demands that somebody asks about, forbids, or reports.
    """
    return [hit for turn in transcript.turns for hit in hits_in(turn)]


def hits_by_turn(reading: ContextReading) -> list[list[Hit]]:
    """Return the places in each turn of a reading."""
    return [hits_in(turn) for turn in reading.transcript.turns]


def hits_in(turn: Turn) -> list[Hit]:
    """Return every place in one turn."""
    hits = []
    for sentence in _SENTENCE.finditer(turn.text):
        # Only what lies within the warning itself: a fraud can put one beside its demand.
        harmless = [match.span() for match in PROTECTIVE.finditer(sentence[0])]
        for indicator in INDICATORS:
            for match in indicator.pattern.finditer(sentence[0]):
                if any(begin < match.end() and match.start() < end for begin, end in harmless):
                    continue
                if indicator.kind in _DEMANDS and only_told(sentence[0], *match.span()):
                    continue
                begin, end = (sentence.start() + edge for edge in match.span())
                hits.append(Hit(indicator, begin, end, *turn.seconds(begin, end), turn.text[begin:end]))
    return hits


def score_of(hits: list[Hit]) -> int:
    """Return 0-100 from the different indicators that occur: their weights added, each once.

    Haste, a claim of authority or a secret alone are no fraud: without a demand (money, codes, access) the score stays
    below the line where evidence begins, but for what no honest lender says.
    """
    kinds = {hit.indicator.kind: hit.indicator for hit in hits}
    total = min(sum(indicator.weight for indicator in kinds.values()), _HIGHEST)
    enough = any(indicator.demand for indicator in kinds.values()) or false_lender(hits) is not None
    return total if enough else min(total, SUSPICIOUS_FROM - 1)


class ScamIndicators(ContextDetector):
    """The words of phishing calls, by rules."""

    name = "ScamIndicators"
    id = "scam-indicators"
    eval_card = "docs/cards/context.md"
    limitations = ("Rules look for words, not for meaning: an honest call can use them, and a fraud can avoid them.",)

    def detect(self, reading: ContextReading) -> DetectorReport:
        """Return the report on one transcript; the transcript's limits are facts of it.

        Where the classifier can read, and is sure, it decides: the rules alone accuse honest calls with the same words
        (docs/cards/words.md). What they found explains its judgement. Words that are meant for this analysis count in
        any case, and so does what no honest lender says.
        """
        hits = [hit for turn in reading.computed(hits_by_turn) for hit in turn]
        report = self.report_on(reading.transcript, hits)
        judgement = reading.computed(judged)
        known = false_lender(hits)
        plain = known is not None or any(finding.kind == _MANIPULATION for finding in report.findings)
        harmless = judgement is not None and judgement.score < SUSPICIOUS_FROM and not judgement.undecided
        if harmless and report.score >= SUSPICIOUS_FROM and not plain:
            places = [finding for finding in report.findings if finding.kind != PATTERN]
            report = report.model_copy(update={"score": SUSPICIOUS_FROM - 1, "findings": places})
        named = [] if judgement is not None and judgement.turned is not None else _named(known, hits, report.score)
        return report.model_copy(
            update={
                "findings": [*report.findings, *named, *map(fact, reading.limits)],
                "limitations": [*report.limitations, *(str(limit)[:500] for limit in reading.limits)],
            }
        )

    def report_on(self, transcript: Transcript, hits: list[Hit] | None = None) -> DetectorReport:
        """Return what the rules say of a transcript; ``hits`` in it, if they were looked for already."""
        hits = find_hits(transcript) if hits is None else hits
        score = score_of(hits)
        known = not transcript.language or transcript.language.lower().startswith(_LANGUAGES)
        foreign = [] if known else [Reason.UNSUPPORTED_LANGUAGE]
        return self.report(
            score,
            [*_pattern(hits, score), *_places(hits), *(fact(NotDone(reason)) for reason in foreign)],
            claim=None if known or score >= SUSPICIOUS_FROM else Verdict.INCONCLUSIVE,
            limitations=[*self.limitations, *(MESSAGES[reason] for reason in foreign)],
        )

    def summary(self, report: DetectorReport) -> str:
        """Return what comes together, why it could not look, or that nothing comes together."""
        if report.claim is not None:
            return unable(report)
        if report.score >= SUSPICIOUS_FROM:
            return phishing(next((finding.message for finding in report.findings if finding.kind == PATTERN), ""))
        return "None of the phrases that are typical of phishing calls come together here. A careful fraud avoids them."

    def shown(self, report: DetectorReport) -> list[Finding]:
        """Return all but the whole pattern and the kind, which would cover the places that they are made of."""
        wholes = (PATTERN, f"{FALSE_LOAN}{KIND_SUFFIX}")
        return [finding for finding in report.findings if finding.kind not in wholes]


def false_lender(hits: Sequence[Hit]) -> Hit | None:
    """Return the sign with which a false lender is known who wants nothing yet: the later of the two; or None."""
    first = {hit.indicator.kind: hit for hit in reversed(hits) if hit.indicator.kind in _FALSE_LENDER}
    return max(first.values(), key=hits.index) if first.keys() >= _FALSE_LENDER else None


def _named(known: Hit | None, hits: list[Hit], score: int) -> list[Finding]:
    """Return which kind of fraud it is where the signs of one say so; the classifier says it of all others."""
    if known is None:
        return []
    return [
        Finding(
            kind=f"{FALSE_LOAN}{KIND_SUFFIX}",
            start_seconds=round(known.start, 2),
            end_seconds=round(max(hit.stop for hit in hits), 2),
            score=score,
            message=f"From here on it resembles {SCAM_KINDS[FALSE_LOAN]}.",
        )
    ]


def _places(hits: list[Hit]) -> list[Finding]:
    places: dict[str, list[Finding]] = {}
    for hit in hits:
        text = masked(hit.text)
        quoted = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
        finding = Finding(
            kind=hit.indicator.kind,
            start_seconds=round(hit.start, 2),
            end_seconds=round(hit.stop, 2),
            score=hit.indicator.weight,
            message=f"“{quoted}”",
        )
        places.setdefault(finding.kind, []).append(finding)
    return [finding for same in places.values() for finding in same[:_MOST_PLACES]]


def _pattern(hits: list[Hit], score: int) -> list[Finding]:
    """Return one finding for all of them together: it is their meeting that speaks against a call."""
    if score < SUSPICIOUS_FROM:
        return []
    kinds = dict.fromkeys(hit.indicator.label for hit in hits)
    return [
        Finding(
            kind=PATTERN,
            start_seconds=round(min(hit.start for hit in hits), 2),
            end_seconds=round(max(hit.stop for hit in hits), 2),
            score=score,
            message=f"In one call: {', '.join(kinds)}."[:300],
        )
    ]
