"""SyntheticSpeech: what a measured model says of windows of a recording, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, TimelinePoint, Verdict, whole_percent
from analyzer_kit.analysis import Setup
from analyzer_kit.detector import DetectorSource
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.calibrated import LEAST_STRETCH, claim_of, reference_percentile, shown_score, stretches
from audio_analyzer.detector import AudioDetector
from audio_analyzer.levels import FRAME_SAMPLES, LevelMeter
from audio_analyzer.loading import load_models
from audio_analyzer.reading import AudioReading, Span
from audio_analyzer.voice_activity import SpeechFrames, speech_frames
from audio_analyzer.window_scores import WindowScore, WindowScorer
from audio_analyzer.windows import LEAST_SPEECH_SECONDS, WindowPlan

if TYPE_CHECKING:
    from guardian_models.manifest import Calibration
    from guardian_models.runtime import Model

NAME = "SyntheticSpeech"

_BESIDE_EACH = 3
"""For so many windows of the first pass one more, next to those of the highest scores."""

_RAW_SHOWN = 8

NO_SPEECH = "There is no speech to listen to: nothing can be said of a voice."
_NOTHING = "Nothing is concluded: "
_NO_CLONE_DETECTOR = (
    "No detector that was measured for cloned voices is installed: a good clone leaves none of these traces."
)


class SpeechModels(DetectorSource[AudioDetector, Setup]):
    """One :class:`SyntheticSpeech` for each installed model."""

    def install(self, setup: Setup) -> list[AudioDetector]:
        """Load the models.

        Raises:
            Misconfigured: one is missing, or cannot be used.
        """
        return [SyntheticSpeech(model) for model in load_models(setup.models, setup.caps.threads)]

    def gap(self, installed: Sequence[AudioDetector]) -> str:
        """Return what cannot be said without a model."""
        return "" if installed else _NO_CLONE_DETECTOR


class SyntheticSpeech(AudioDetector):
    """One model's answer about a recording's speech.

    Args:
        model: takes mono sound at 16 kHz.
        speech: says which frames of 10 ms of a reading hold speech.
    """

    name = NAME
    limitations = (
        "Singing, and voices out of a loudspeaker, are taken for speech.",
        "A noise gate, or a codec that leaves pauses out, hides noise from the check for what the model was measured "
        "in.",
        "A short insertion in a longer recording may lie between the windows that were heard, or be outvoted by the "
        "rest.",
    )
    meters = (LevelMeter, VoiceMeter)

    def __init__(self, model: Model, speech: SpeechFrames = speech_frames) -> None:
        self._speech = speech
        manifest = model.manifest
        self.id, self.eval_card, self.joins = manifest.id, manifest.eval_card, manifest.joins
        self._sha256 = manifest.sha256
        self._calibration: Calibration | None = manifest.calibration if manifest.eval_card else None
        self._scorer = WindowScorer(model, everywhere=self._calibration is None)

    def spans(self, reading: AudioReading) -> list[Span]:
        """Return the windows that may be scored."""
        plan = reading.computed(self._plan)
        return [plan.span(start) for start in plan.needed]

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Score the windows of the first pass, then the neighbours of those above the threshold, and judge."""
        plan, speech = reading.computed(self._plan), reading.computed(self._speech)
        windows = {start: reading.samples(plan.span(start)) for start in plan.needed}
        first = self._first_pass(plan, windows, speech, reading.progress)
        beside = self._scorer.score(self._beside(plan, first), windows, speech)
        return self._judge(plan, first, beside, speech)

    def summary(self, report: DetectorReport) -> str:
        """Return what the model says of the voice."""
        if report.claim is None:
            return f"{NO_SPEECH} No traces of editing in the sound."
        if report.claim is Verdict.INCONCLUSIVE:
            reason = report.limitations[0].removeprefix(_NOTHING)
            return f"Nothing can be concluded about the voice: {reason} No traces of editing."
        if report.claim is Verdict.NO_EVIDENCE:
            return (
                "No traces of editing, and the voice does not sound synthetic to the models that listened. "
                "A good clone can pass them."
            )
        return (
            f"The voice sounds synthetic: more so than {report.reference_percentile or 0.0:.0f} % of the recordings of "
            f"people that the model {report.model.id} was measured on."
        )

    def _plan(self, reading: AudioReading) -> WindowPlan:
        return self._scorer.plan(reading.computed(self._speech), reading.total)

    def _first_pass(
        self,
        plan: WindowPlan,
        windows: Mapping[int, NDArray[np.float32]],
        speech: NDArray[np.bool_],
        progress: Callable[[float], None],
    ) -> list[WindowScore]:
        scores: list[WindowScore] = []
        done = 0
        for starts in batched(plan.first, self._scorer.at_once):
            scores += self._scorer.score(starts, windows, speech)
            done += len(starts)
            progress(done / len(plan.first))
        return scores

    def _beside(self, plan: WindowPlan, first: Sequence[WindowScore]) -> list[int]:
        """Return the windows to score besides: neighbours of those above the threshold, of the highest scores first."""
        calibration = self._calibration
        if calibration is None:
            return []
        neighbours = [
            neighbour
            for window in sorted((each for each in first if not each.outside), key=lambda window: -window.score)
            if window.score >= calibration.threshold
            for neighbour in plan.beside(window.start)
            if neighbour not in plan.first
        ]
        return list(dict.fromkeys(neighbours))[: max(len(first) // _BESIDE_EACH, LEAST_STRETCH - 1)]

    def _judge(
        self, plan: WindowPlan, first: Sequence[WindowScore], beside: Sequence[WindowScore], speech: NDArray[np.bool_]
    ) -> DetectorReport:
        if not first:
            nothing = f"No {LEAST_SPEECH_SECONDS:g} s of speech: the model heard nothing."
            return self._without_conclusion([nothing])
        scores = [*first, *beside]
        if self._calibration is None:
            reason = "the model is not calibrated, or its evaluation has no card"
            raw = ", ".join(f"{window.score:.1f}" for window in first[:_RAW_SHOWN])
            coverage = _coverage(plan, scores, speech)
            return self._without_conclusion([f"{_NOTHING}{reason}. What it said, raw: {raw}.", coverage])
        outside = [window.outside for window in scores if window.outside]
        inside, counted = ([window for window in part if not window.outside] for part in (first, scores))
        if not inside:
            return self._without_conclusion([f"{_NOTHING}{outside[0]}."], Verdict.INCONCLUSIVE)
        limitations = [_coverage(plan, counted, speech)]
        if outside:
            limitations.append(f"{len(outside)} of {len(scores)} windows were left out: {outside[0]}.")
        limitations.append(f"What it misses, and whom it wrongs: {self.eval_card}.")
        return self._concluded(self._calibration, plan, inside, counted, limitations)

    def _without_conclusion(self, limitations: Sequence[str], claim: Verdict | None = None) -> DetectorReport:
        return self.report(0, claim=claim, limitations=[*limitations, *self.limitations], sha256=self._sha256)

    def _concluded(
        self,
        calibration: Calibration,
        plan: WindowPlan,
        first: Sequence[WindowScore],
        counted: Sequence[WindowScore],
        limitations: Sequence[str],
    ) -> DetectorReport:
        mean = float(np.mean([window.score for window in first]))
        strict = stretches(plan, counted, calibration.strict_threshold)
        claim = claim_of(calibration, mean, max((len(stretch) for stretch in strict), default=0))
        evident = claim in {Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE}
        findings = [_finding(calibration, plan, stretch) for stretch in stretches(plan, counted, calibration.threshold)]
        return self.report(
            shown_score(calibration, mean, evident=evident),
            findings if evident else [],
            claim=claim,
            limitations=[*limitations, *self.limitations],
            timeline=[_point(calibration, plan, window) for window in sorted(counted, key=lambda scored: scored.start)],
            reference_percentile=reference_percentile(calibration, mean),
            sha256=self._sha256,
        )


def _coverage(plan: WindowPlan, scores: Sequence[WindowScore], speech: NDArray[np.bool_]) -> str:
    """Return how much of the speech was scored, in a sentence."""
    covered = np.zeros(speech.size, dtype=np.bool_)
    for window in scores:
        start, end = plan.span(window.start)
        covered[start // FRAME_SAMPLES : end // FRAME_SAMPLES] = True
    share = whole_percent(float((covered & speech).sum()) / max(int(speech.sum()), 1))
    plural = "s" if len(scores) > 1 else ""
    seconds = plan.size / SAMPLE_RATE
    return f"The model heard {len(scores)} window{plural} of {seconds:.1f} s: {share} % of the speech."


def _point(calibration: Calibration, plan: WindowPlan, window: WindowScore) -> TimelinePoint:
    start, end = plan.span(window.start)
    return TimelinePoint(
        start_seconds=round(start / SAMPLE_RATE, 3),
        end_seconds=round(end / SAMPLE_RATE, 3),
        score=shown_score(calibration, window.score, evident=window.score >= calibration.threshold),
    )


def _finding(calibration: Calibration, plan: WindowPlan, stretch: Sequence[WindowScore]) -> Finding:
    score = float(np.mean([window.score for window in stretch]))
    percentile = reference_percentile(calibration, score)
    return Finding(
        kind=NAME,
        start_seconds=round(plan.span(stretch[0].start).start / SAMPLE_RATE, 3),
        end_seconds=round(plan.span(stretch[-1].start).end / SAMPLE_RATE, 3),
        score=shown_score(calibration, score, evident=True),
        message=(
            f"The voice sounds synthetic to the model: score {score:.1f}, "
            f"higher than {percentile:.0f} % of the recordings of people that it was measured on."
        ),
    )
