"""ScamModel: a language model's opinion of a transcript. It can add to what the rules found, and takes nothing away."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, Verdict
from analyzer_kit.detector import DetectorSource
from context_analyzer.answer import Answer, Passage, grounded
from context_analyzer.detector import ContextDetector, ContextSetup, phishing, unable
from context_analyzer.language_model import LanguageModel, Opinion
from context_analyzer.masking import masked
from context_analyzer.phrases import ADVICE, DEMANDS, SCAM_TYPES
from context_analyzer.reading import ContextReading
from context_analyzer.reasons import MESSAGES, NotDone, Reason, fact
from context_analyzer.transcript import Transcript

_RULES_ONLY = "No language model read the transcript: the rules know typical phrases only."


class ScamModels(DetectorSource[ContextDetector, ContextSetup]):
    """One :class:`ScamModel` if the settings name a language model."""

    def install(self, setup: ContextSetup) -> list[ContextDetector]:
        """Return the detector; nothing is called yet."""
        return [ScamModel(LanguageModel(setup.settings, setup.threads))] if setup.settings.has_model else []

    def gap(self, installed: Sequence[ContextDetector]) -> str:
        """Return what the rules alone cannot say."""
        return "" if installed else _RULES_ONLY


class ScamModel(ContextDetector):
    """A language model's opinion. Only what is really said counts: a warning without a quote is none.

    Args:
        model: which one, and how to ask it.
    """

    name = "ScamModel"
    limitations = (
        "A language model judged the words. Its errors were not measured here; each of its quotes was checked to be in "
        "the transcript, and it can only add to what the rules found.",
    )

    def __init__(self, model: LanguageModel) -> None:
        self.id = model.id
        self._model = model

    async def ask(self, transcript: Transcript, seconds: float) -> Opinion | NotDone:
        """Return the model's opinion, or why there is none."""
        try:
            return await self._model.opinion(transcript, seconds)
        except NotDone as limit:
            return limit

    def detect(self, reading: ContextReading) -> DetectorReport:
        """Return the report on its answer."""
        match reading.answers.get(self.name):
            case Opinion() as opinion:
                return self.report_on(opinion, reading.transcript)
            case NotDone() as limit:
                return self.report(0, [fact(limit)], claim=Verdict.INCONCLUSIVE, limitations=[str(limit)[:500]])
            case _:
                raise LookupError(f"{self.name} was not asked")

    def report_on(self, opinion: Opinion, transcript: Transcript) -> DetectorReport:
        """Return the report on an opinion."""
        answer = opinion.answer
        quotes = grounded(answer.quotes, transcript)
        unfounded = answer.risk >= SUSPICIOUS_FROM and not quotes
        reasons = [Reason.MODEL_ANSWER_UNGROUNDED] if unfounded else []
        if opinion.cut:
            reasons.append(Reason.TRANSCRIPT_CUT)
        score = min(answer.risk, SUSPICIOUS_FROM - 1) if unfounded else answer.risk
        return self.report(
            score,
            [*_quoted(quotes, answer, score), *_advice(answer, quotes), *(fact(NotDone(reason)) for reason in reasons)],
            claim=Verdict.INCONCLUSIVE if unfounded else None,
            limitations=[*self.limitations, *(MESSAGES[reason] for reason in reasons)],
        )

    def summary(self, report: DetectorReport) -> str:
        """Return which fraud it sounds like, why there is no answer, or that it found nothing."""
        if report.claim is not None:
            return unable(report)
        if report.score >= SUSPICIOUS_FROM:
            # Without the quote: a summary goes into the status, and what is said does not.
            return phishing(f"{report.findings[0].message.partition(': “')[0]}." if report.findings else "")
        return "Neither the rules nor the language model found signs of a phishing call. A careful fraud can pass them."


def _quoted(quotes: Sequence[Passage], answer: Answer, score: int) -> list[Finding]:
    return [
        Finding(
            kind="ScamWords",
            start_seconds=round(quote.start, 2),
            end_seconds=round(quote.stop, 2),
            score=score,
            message=f"It sounds like {SCAM_TYPES[answer.scam_type]}: “{masked(quote.text)}”"[:300],
        )
        for quote in quotes
    ]


def _advice(answer: Answer, quotes: Sequence[Passage]) -> list[Finding]:
    """Return what is asked for, and what to do, as facts in both languages."""
    start = min((quote.start for quote in quotes), default=0.0)
    demands = list(dict.fromkeys(DEMANDS[demand] for demand in answer.asked_for))
    steps = [step for code, step in ADVICE.items() if code in answer.advice]
    messages = []
    if demands:
        messages.append(("CallerWants", _in_both(demands, ", ")))
    if steps:
        messages.append(("ScamAdvice", _in_both(steps, " ")))
    return [
        Finding(kind=kind, start_seconds=round(start, 2), end_seconds=round(start, 2), score=0, message=message[:300])
        for kind, message in messages
    ]


def _in_both(pairs: Sequence[tuple[str, str]], between: str) -> str:
    return " / ".join(between.join(pair[language] for pair in pairs) for language in (0, 1))
