"""From a transcript, the rules, and the model's opinion to what the analyzer says. Pure.

The severest detector decides, as everywhere: the model can add to what the rules found and never takes from it. Nothing
that is said in a recording can talk the verdict down.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, MediaFacts, ModelCard, Verdict
from analyzer_kit.analysis import Assessment
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from context_analyzer import ANALYZER
from context_analyzer.indicators import NAME as INDICATORS_NAME
from context_analyzer.indicators import PATTERN, report_indicators
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.transcript import Transcript

_VOICE = "What is said is judged here, not whether the voice is real: a fraud can be spoken by a real person."
_RULES_ONLY = "No language model read the transcript: the rules know typical phrases only."
_NO_TRANSCRIPT = "Transcript"


@dataclass(frozen=True)
class Heard:
    """What there is to judge.

    Attributes:
        transcript: None, if there is none.
        limits: what else is to be known about it, or why it is missing.
    """

    transcript: Transcript | None
    limits: tuple[NotDone, ...] = ()


def assess(heard: Heard, opinion: DetectorReport | None = None) -> Assessment:
    """What the analyzer says.

    Args:
        heard: the transcript, or why there is none.
        opinion: the language model's; None if it was not asked.
    """
    transcript = heard.transcript
    if transcript is None or not transcript.speech:
        return _nothing_to_judge(heard)
    length = transcript.seconds
    rules = report_indicators(transcript)
    facts = [fact(limit) for limit in heard.limits]
    rules = rules.model_copy(
        update={
            "findings": [*rules.findings, *facts],
            "limitations": [*rules.limitations, *(str(limit)[:500] for limit in heard.limits)],
        }
    )
    detectors = [rules] if opinion is None else [opinion, rules]
    verdict, score = judge(detectors, conclusive=True)
    limitation = _VOICE if opinion is not None else f"{_VOICE} {_RULES_ONLY}"
    return Assessment(
        media=MediaFacts(duration_seconds=length),
        verdict=verdict,
        score=score,
        summary=_summary(verdict, rules, opinion),
        detectors=[completed(each, seconds=length, limitation=limitation) for each in detectors],
    )


def limited(name: str, model: str, limit: NotDone) -> DetectorReport:
    """The report of a detector that could not look."""
    return DetectorReport(
        name=name,
        score=0,
        claim=Verdict.INCONCLUSIVE,
        findings=[fact(limit)],
        limitations=[str(limit)[:500]],
        model=ModelCard(id=model, version=ANALYZER.version),
    )


def fact(limit: NotDone) -> Finding:
    """A limit as a finding that is no evidence: its kind is the reason."""
    return Finding(kind=limit.reason, start_seconds=0, end_seconds=0, score=0, message=str(limit)[:300])


def _nothing_to_judge(heard: Heard) -> Assessment:
    limits = heard.limits if heard.transcript is None else (NotDone(Reason.NO_SPEECH), *heard.limits)
    first = limits[0]
    return Assessment(
        media=MediaFacts(duration_seconds=heard.transcript.seconds if heard.transcript else 0),
        verdict=Verdict.INCONCLUSIVE,
        score=0,
        summary=str(first)[:500],
        detectors=[limited(_NO_TRANSCRIPT, "transcript", limit) for limit in limits],
    )


def _summary(verdict: Verdict, rules: DetectorReport, opinion: DetectorReport | None) -> str:
    if verdict is Verdict.SUSPICIOUS:
        said = [each for each in (opinion, rules) if each is not None and each.score >= SUSPICIOUS_FROM]
        strongest = max(said, key=lambda each: each.score)
        return f"What is said resembles a phishing call. {_strongest(strongest)}"[:500]
    if verdict is Verdict.INCONCLUSIVE:
        unable = next((each for each in (opinion, rules) if each is not None and each.claim is not None), rules)
        return f"The rules found no phishing call, and more could not be looked at. {unable.limitations[-1]}"[:500]
    if opinion is None:
        return "None of the phrases that are typical of phishing calls come together here. A careful fraud avoids them."
    return "Neither the rules nor the language model found signs of a phishing call. A careful fraud can pass them."


def _strongest(detector: DetectorReport) -> str:
    wanted = PATTERN if detector.name == INDICATORS_NAME else None
    found = next((each for each in detector.findings if wanted in {None, each.kind}), None)
    return found.message if found else ""
