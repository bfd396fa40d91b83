"""ScamClassifier: how much a call resembles fraud, from when on, and which kind, by a small model of our own."""

from __future__ import annotations

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, TimelinePoint
from context_analyzer.classifier.judging import Judgement, judge_texts
from context_analyzer.classifier.weights import load_weights
from context_analyzer.detector import ContextDetector, phishing
from context_analyzer.phrases import SCAM_KINDS, SCAM_STAGES
from context_analyzer.reading import ContextReading

KIND_SUFFIX, STAGE_PREFIX = "Scam", "ScamStage"
_MOST_TIMELINE = 5_000
_UNKNOWN = "The classifier did not read it: it knows Korean and English, and needs a sentence or two."


def judged(reading: ContextReading) -> Judgement | None:
    """Return the classifier's judgement on a reading; None if it cannot read it."""
    transcript = reading.transcript
    return judge_texts([turn.text for turn in transcript.turns], transcript.language)


class ScamClassifier(ContextDetector):
    """The classifier's judgement."""

    name = "ScamClassifier"
    id = "scam-words"
    eval_card = "docs/cards/words.md"
    limitations = (
        "The classifier was trained on calls that were made up, and measured on others: the card says how often it is "
        "wrong. It judges words, not whether they are true.",
    )

    def detect(self, reading: ContextReading) -> DetectorReport:
        """Return the report on one transcript."""
        judgement = reading.computed(judged)
        if judgement is None:
            return self.report(0, limitations=[*self.limitations, _UNKNOWN])
        return self.report(
            judgement.score,
            _findings(judgement, reading),
            timeline=_timeline(judgement, reading),
            sha256=load_weights(judgement.language).manifest.sha256,
        )

    def summary(self, report: DetectorReport) -> str:
        """Return which kind of fraud it resembles, or that it resembles none."""
        if report.score >= SUSPICIOUS_FROM and report.findings:
            return phishing(report.findings[0].message)
        return (
            "What is said resembles none of the frauds that the classifier knows. A careful fraud can differ from them."
        )

    def shown(self, report: DetectorReport) -> list[Finding]:
        """Return the stages: the whole call would cover them."""
        return [finding for finding in report.findings if finding.kind.startswith(STAGE_PREFIX)]


def _findings(judgement: Judgement, reading: ContextReading) -> list[Finding]:
    """Return the kind, from the turn on at which the call turned, and the first place of each stage."""
    if judgement.turned is None:
        return []
    turns = reading.transcript.turns
    stages = [SCAM_STAGES[stage] for stage in judgement.stages]
    after = f"; seen in it: {', '.join(stages)}" if stages else ""
    findings = [
        Finding(
            kind=f"{judgement.kind}{KIND_SUFFIX}",
            start_seconds=round(turns[judgement.turned].start, 2),
            end_seconds=round(reading.transcript.seconds, 2),
            score=judgement.score,
            message=f"From here on it resembles {SCAM_KINDS[judgement.kind]}{after}."[:300],
        )
    ]
    for stage in judgement.stages:
        stretch = next(stretch for stretch in judgement.stretches if stretch.evident and stage in stretch.stages)
        findings.append(
            Finding(
                kind=f"{STAGE_PREFIX}{stage}",
                start_seconds=round(turns[stretch.first].start, 2),
                end_seconds=round(turns[stretch.last].stop, 2),
                score=stretch.score,
                message=f"Here it resembles this part of such a call: {SCAM_STAGES[stage]}.",
            )
        )
    return findings


def _timeline(judgement: Judgement, reading: ContextReading) -> list[TimelinePoint]:
    turns = reading.transcript.turns
    return [
        TimelinePoint(
            start_seconds=round(turns[stretch.first].start, 2),
            end_seconds=round(max(turns[stretch.last].stop, turns[stretch.first].start), 2),
            score=stretch.score,
        )
        for stretch in judgement.stretches[:_MOST_TIMELINE]
    ]
