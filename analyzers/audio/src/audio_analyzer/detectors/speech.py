"""SyntheticSpeech: what a measured model hears in windows of a recording, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, ModelCard, TimelinePoint, Verdict
from audio_analyzer.domain import Conditions, Limits, measure, why_outside
from audio_analyzer.levels import FRAME_SECONDS, SAMPLE_RATE, runs_of
from audio_analyzer.windows import LEAST_SPEECH_SECONDS, Plan, plan

if TYPE_CHECKING:
    from guardian_models import Model
    from guardian_models.manifest import Calibration

NAME = "SyntheticSpeech"

_FRAME = round(SAMPLE_RATE * FRAME_SECONDS)

_BESIDE_EACH = 3
"""For so many windows of the first pass one more, next to those of the highest scores."""

_STRETCH = 3
"""So many neighbouring windows above the stricter threshold are evidence even if the rest of the recording is not:
one among many is above it by chance."""

_RAW_SHOWN = 8

_LIMITATIONS = [
    "Speech is told from other sound by its loudness alone: music and noises that come and go are taken for speech.",
    "A noise gate, or a codec that leaves pauses out, hides noise from the check for what the model was measured in.",
    "A short insertion in a longer recording may lie between the windows that were heard, or be outvoted by the rest.",
]


@dataclass(frozen=True)
class Heard:
    """One window that the model heard.

    Attributes:
        start: its first sample.
        score: the model's, raw; higher means more likely fake.
        conditions: what its sound is like.
        outside: why nothing follows from it; empty if something does.
    """

    start: int
    score: float
    conditions: Conditions
    outside: str


@dataclass(frozen=True)
class Examination:
    """What the detector says, and why it says nothing stronger."""

    report: DetectorReport
    reason: str


class SpeechDetector:
    """Runs one model over a recording's speech.

    Args:
        model: takes mono sound at 16 kHz.
        version: of the analyzer, for the model card.
    """

    def __init__(self, model: Model, version: str) -> None:
        self._model = model
        self._version = version
        domain = model.manifest.domain
        self._limits = (
            Limits(domain.min_snr_db, domain.min_bandwidth_hz, domain.min_speech_seconds) if domain else Limits()
        )

    def plan(self, speech: NDArray[np.bool_], total: int) -> Plan:
        """Chooses the windows of a recording of ``total`` samples, given which frames of 10 ms hold speech."""
        return plan(speech, total, self._model.manifest.input.samples, self._limits.min_speech_seconds)

    def detect(
        self,
        chosen: Plan,
        windows: Mapping[int, NDArray[np.float32]],
        speech: NDArray[np.bool_],
        progress: Callable[[float], None] = lambda _share: None,
    ) -> Examination:
        """Hears the windows of the first pass, then the neighbours of those above the threshold, and judges.

        Args:
            chosen: from :meth:`plan`.
            windows: samples of each window that is needed, by its first one.
            speech: which frames of 10 ms of the recording hold speech.
            progress: called with the share (0-1) of the first pass that is done.
        """
        heard = []
        for number, start in enumerate(chosen.first, 1):
            heard += self.hear([start], windows, speech)
            progress(number / len(chosen.first))
        calibration = self._calibration
        near: list[int] = []
        if calibration:
            near = [
                other
                for each in sorted(heard, key=lambda each: -each.score)
                if not each.outside and each.score >= calibration.threshold
                for other in chosen.beside(each.start)
                if other not in chosen.first
            ]
        further = list(dict.fromkeys(near))[: max(len(heard) // _BESIDE_EACH, _STRETCH - 1)]
        return self._judge(chosen, heard, self.hear(further, windows, speech), speech)

    def hear(
        self, starts: Sequence[int], windows: Mapping[int, NDArray[np.float32]], speech: NDArray[np.bool_]
    ) -> list[Heard]:
        """Lets the model hear windows; those in which nothing swells and fades as speech does are left out.

        Args:
            starts: first samples of the windows.
            windows: samples of each, by its first one.
            speech: which frames of 10 ms of the recording hold speech.
        """
        found = []
        for start in starts:
            samples = windows[start]
            spoken = _spoken(samples, start, speech)
            conditions = measure(samples, spoken)
            if not conditions.steady:
                score = self._model.run(self._prepared(samples, spoken)).score
                found.append(Heard(start, score, conditions, why_outside(conditions, self._limits)))
        return found

    @property
    def _calibration(self) -> Calibration | None:
        manifest = self._model.manifest
        return manifest.calibration if manifest.eval_card else None

    def _prepared(self, samples: NDArray[np.float32], spoken: NDArray[np.bool_]) -> NDArray[np.float32]:
        """As long and as loud as the model wants it; what is too short is repeated, as the authors of AASIST do."""
        wanted = self._model.manifest.input
        louder = np.float32(1.0)
        if wanted.speech_level_dbfs is not None:
            louder = np.float32(10 ** ((wanted.speech_level_dbfs - _level_dbfs(samples, spoken)) / 20))
        tiled = np.tile(samples * louder, -(-wanted.samples // samples.size))[: wanted.samples]
        return np.clip(tiled, -1.0, 1.0)

    def _judge(
        self, chosen: Plan, first: Sequence[Heard], beside: Sequence[Heard], speech: NDArray[np.bool_]
    ) -> Examination:
        if not first:
            nothing = f"No {LEAST_SPEECH_SECONDS:g} s of speech: the model heard nothing."
            return Examination(self._report(score=0, limitations=[nothing, *_LIMITATIONS]), "")
        heard = [*first, *beside]
        looked_at = _looked_at(chosen, heard, speech)
        calibration = self._calibration
        if calibration is None:
            reason = "the model is not calibrated, or its evaluation has no card"
            raw = ", ".join(f"{each.score:.1f}" for each in first[:_RAW_SHOWN])
            limitations = [f"Nothing is concluded: {reason}. What it said, raw: {raw}.", looked_at, *_LIMITATIONS]
            return Examination(self._report(score=0, limitations=limitations), "")
        inside = [each for each in first if not each.outside]
        outside = [each.outside for each in heard if each.outside]
        if not inside:
            limitations = [f"Nothing is concluded: {outside[0]}.", looked_at, *_LIMITATIONS]
            report = self._report(score=0, claim=Verdict.INCONCLUSIVE, limitations=limitations)
            return Examination(report, outside[0])
        told = [f"{len(outside)} of {len(heard)} windows were left out: {outside[0]}."] if outside else []
        limitations = [looked_at, *told, f"What it misses, and whom it wrongs: {self._model.manifest.eval_card}."]
        counted = [each for each in heard if not each.outside]
        return Examination(
            self._concluded(calibration, chosen, inside, counted, [*limitations, *_LIMITATIONS]),
            outside[0] if outside else "",
        )

    def _concluded(
        self,
        calibration: Calibration,
        chosen: Plan,
        first: Sequence[Heard],
        counted: Sequence[Heard],
        limitations: list[str],
    ) -> DetectorReport:
        mean = float(np.mean([each.score for each in first]))
        stretches = _stretches(chosen, counted, calibration.strict_threshold)
        claim = claim_of(calibration, mean, max((len(each) for each in stretches), default=0))
        evident = claim in {Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE}
        findings = [_finding(calibration, chosen, each) for each in _stretches(chosen, counted, calibration.threshold)]
        return self._report(
            score=_shown(calibration, mean, evident=evident),
            claim=claim,
            reference_percentile=_reference_percentile(calibration, mean),
            findings=findings if evident else [],
            timeline=[
                TimelinePoint(
                    start_seconds=round(start / SAMPLE_RATE, 3),
                    end_seconds=round(end / SAMPLE_RATE, 3),
                    score=_shown(calibration, each.score, evident=each.score >= calibration.threshold),
                )
                for each in sorted(counted, key=lambda each: each.start)
                for start, end in (chosen.span(each.start),)
            ],
            limitations=limitations,
        )

    def _report(self, **fields: object) -> DetectorReport:
        manifest = self._model.manifest
        card = ModelCard(id=manifest.id, version=self._version, sha256=manifest.sha256, eval_card=manifest.eval_card)
        return DetectorReport.model_validate({"name": NAME, "model": card, **fields})


def claim_of(calibration: Calibration, mean: float, stretch: int) -> Verdict:
    """What follows from a model's scores where it was measured.

    Args:
        calibration: the model's.
        mean: of the windows of the first pass.
        stretch: how many neighbouring windows, at most, are at or above the stricter threshold.
    """
    if mean >= calibration.strict_threshold:
        return Verdict.LIKELY_FAKE
    if mean >= calibration.threshold or stretch >= _STRETCH:
        return Verdict.SUSPICIOUS
    return Verdict.NO_EVIDENCE


def _spoken(window: NDArray[np.float32], start: int, speech: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return speech[start // _FRAME :][: window.size // _FRAME]


def _level_dbfs(window: NDArray[np.float32], spoken: NDArray[np.bool_]) -> float:
    """Root mean square of the frames with speech."""
    frames = window[: spoken.size * _FRAME].reshape(-1, _FRAME)[spoken]
    power = float(np.mean(np.square(frames, dtype=np.float64))) if frames.size else 0.0
    return 10 * float(np.log10(max(power, 1e-10)))


def _looked_at(chosen: Plan, heard: Sequence[Heard], speech: NDArray[np.bool_]) -> str:
    covered = np.zeros(speech.size, dtype=np.bool_)
    for each in heard:
        start, end = chosen.span(each.start)
        covered[start // _FRAME : end // _FRAME] = True
    share = 100 * float((covered & speech).sum()) / max(int(speech.sum()), 1)
    plural = "s" if len(heard) > 1 else ""
    seconds = chosen.size / SAMPLE_RATE
    return f"The model heard {len(heard)} window{plural} of {seconds:.1f} s: {share:.0f} % of the speech."


def _stretches(chosen: Plan, heard: Sequence[Heard], threshold: float) -> list[list[Heard]]:
    """Runs of windows at or above a threshold that touch or overlap, without one below it between them."""
    ordered = sorted(heard, key=lambda each: each.start)
    found: list[list[Heard]] = []
    for start, end in runs_of(np.array([each.score >= threshold for each in ordered], dtype=np.bool_)):
        for each in ordered[start:end]:
            if found and each is not ordered[start] and each.start - found[-1][-1].start < 3 * chosen.size // 2:
                found[-1].append(each)
            else:
                found.append([each])
    return found


def _finding(calibration: Calibration, chosen: Plan, stretch: Sequence[Heard]) -> Finding:
    score = float(np.mean([each.score for each in stretch]))
    percentile = _reference_percentile(calibration, score)
    return Finding(
        kind=NAME,
        start_seconds=round(chosen.span(stretch[0].start)[0] / SAMPLE_RATE, 3),
        end_seconds=round(chosen.span(stretch[-1].start)[1] / SAMPLE_RATE, 3),
        score=_shown(calibration, score, evident=True),
        message=(
            f"The voice sounds synthetic to the model: score {score:.1f}, "
            f"higher than {percentile:.0f} % of the recordings of people that it was measured on."
        ),
    )


def _shown(calibration: Calibration, score: float, *, evident: bool) -> int:
    """The calibrated probability in per cent, on the side of the line that follows from the thresholds."""
    probability = 1 / (1 + float(np.exp(-np.clip(calibration.slope * score + calibration.intercept, -50, 50))))
    percent = round(100 * probability)
    return max(percent, SUSPICIOUS_FROM) if evident else min(percent, SUSPICIOUS_FROM - 1)


def _reference_percentile(calibration: Calibration, score: float) -> float:
    steps = np.linspace(0, 100, len(calibration.reference))
    return round(float(np.interp(score, calibration.reference, steps)), 1)
