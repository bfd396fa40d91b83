"""From a transcript and the detectors' reports to what the analyzer says. Pure.

The severest detector decides, as everywhere: the model can add to what the rules found and never takes from it. Nothing
that is said in a recording can talk the verdict down.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport, MediaFacts, ModelCard, Verdict
from analyzer_kit.analysis import Assessment
from analyzer_kit.detector import deciding_summary
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from context_analyzer import ANALYZER
from context_analyzer.detector import ContextDetector
from context_analyzer.reading import Transcription
from context_analyzer.reasons import MESSAGES, NotDone, Reason, fact

_VOICE = "What is said is judged here, not whether the voice is real: a fraud can be spoken by a real person."
_NO_TRANSCRIPT = "Transcript"
_UNHEARD = {Reason.HEARD_IN_PART, Reason.TRANSCRIPT_SUPPLIED}


def assess(
    transcription: Transcription, pairs: Sequence[tuple[ContextDetector, DetectorReport]], gaps: Sequence[str] = ()
) -> Assessment:
    """Return what the analyzer says.

    Args:
        transcription: the transcript, or why there is none.
        pairs: the detectors and their reports, in the registry's order; none if there is no speech to judge.
        gaps: what the analyzer cannot say as it is installed.
    """
    transcript = transcription.speech
    if transcript is None:
        return _nothing_to_judge(transcription)
    reports = [report for _, report in pairs]
    verdict, score = judge(reports, conclusive=True)
    limitation = " ".join([_VOICE, *gaps])
    summary = deciding_summary(pairs, verdict)
    # What was sent along can leave out what is said, so its silence clears no call; what it does say is evidence.
    if transcription.supplied and verdict is Verdict.NO_EVIDENCE:
        verdict, summary = Verdict.INCONCLUSIVE, MESSAGES[Reason.TRANSCRIPT_SUPPLIED]
    return Assessment(
        media=MediaFacts(duration_seconds=transcript.seconds),
        verdict=verdict,
        score=score,
        summary=summary,
        examined_share=transcript.heard_share,
        unexamined=[str(limit)[:300] for limit in transcription.limits if limit.reason in _UNHEARD],
        detectors=[completed(report, seconds=transcript.seconds, limitation=limitation) for report in reports],
    )


def _nothing_to_judge(transcription: Transcription) -> Assessment:
    transcript, limits = transcription.transcript, transcription.limits
    if transcript is not None:
        limits = (NotDone(Reason.NO_SPEECH), *limits)
    return Assessment(
        media=MediaFacts(duration_seconds=transcript.seconds if transcript else 0),
        verdict=Verdict.INCONCLUSIVE,
        score=0,
        summary=str(limits[0])[:500],
        examined_share=transcript.heard_share if transcript is not None else 0,
        unexamined=[str(limit)[:300] for limit in limits] if transcript is None or transcript.heard_share < 1 else [],
        detectors=[_no_transcript(limit) for limit in limits],
    )


def _no_transcript(limit: NotDone) -> DetectorReport:
    return DetectorReport(
        name=_NO_TRANSCRIPT,
        score=0,
        claim=Verdict.INCONCLUSIVE,
        findings=[fact(limit)],
        limitations=[str(limit)[:500]],
        model=ModelCard(id="transcript", version=ANALYZER.version),
    )
