"""What is told to a person in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer_contract import DetectorReport, Verdict
from analyzer_kit.verdicts import verdict_of
from audio_analyzer.speech import NAME, Examination

NO_CLONE_DETECTOR = (
    "No detector that was measured for cloned voices is installed: a good clone leaves none of these traces."
)


def summary(
    verdict: Verdict, detectors: Sequence[DetectorReport], examinations: Sequence[Examination], sound_seconds: float
) -> str:
    """The reason of the verdict.

    Args:
        verdict: of the recording.
        detectors: all that looked at it.
        examinations: those of them that listened to the voice.
        sound_seconds: how much of it was not silence.
    """
    if verdict is Verdict.INCONCLUSIVE:
        reason = next((each.reason for each in examinations if each.report.claim is Verdict.INCONCLUSIVE), "")
        if reason:
            return f"Nothing can be concluded about the voice: {reason}. No traces of editing."
        return f"Only {sound_seconds:.1f} s of sound: too little to say anything. Send a longer recording."
    if verdict is Verdict.NO_EVIDENCE:
        return _nothing_found(examinations)
    strongest = max((each for each in detectors if verdict_of(each) is verdict), key=lambda each: each.score)
    return _evidence(strongest)


def _nothing_found(examinations: Sequence[Examination]) -> str:
    if not examinations:
        return f"No traces of editing or of a simple synthetic voice in the sound. {NO_CLONE_DETECTOR}"
    if not any(each.report.claim for each in examinations):
        return "No traces of editing in the sound. There is no speech in it to listen to."
    return (
        "No traces of editing, and the voice does not sound synthetic to the models that listened. "
        "A good clone can pass them."
    )


def _evidence(detector: DetectorReport) -> str:
    number = len(detector.findings)
    if detector.name == NAME:
        percentile = detector.reference_percentile or 0.0
        return (
            f"The voice sounds synthetic: more so than {percentile:.0f} % of the recordings of people "
            f"that the model {detector.model.id} was measured on."
        )
    return {
        "DigitalSilence": (
            f"{number} pauses are digitally silent, as in synthetic or edited speech; a noise gate can do this too."
        ),
        "RepeatedAudio": f"{number} stretches of sound are exact repetitions of earlier ones: edited.",
    }[detector.name]
