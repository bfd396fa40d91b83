"""Scored clips, the calibration that follows from them, and what the calibration makes of each clip.

Every figure at a threshold is cross-validated: the clips of a fold are judged by the thresholds of the other two folds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audio_analyzer.domain import Conditions, Limits, why_outside
from ml.common import metrics
from ml.voice.data.corpus import Clip
from ml.voice.data.splits import FOLDS, Fold

SUSPECTED: Final = 0.01
"""Share of the recordings that may reach the threshold of ``Suspicious``."""
MARGIN: Final = 0.05
"""Distance of ``LikelyFake`` from the highest score of a recording, as a share of its distance from the median.

No recording in the corpus may reach ``LikelyFake``: a source has few clips, and one of them is more than 5 % of it. The
margin is there because the highest of some hundred scores is not the highest possible one.
"""
HIGHEST_SENT: Final = 4.0778
"""Highest score of a recording that went through a messenger, as few of the corpus did.

Measured with the model ``e4dbb027ab19`` on published speech (``docs/adr/0055-two-ears.md``, *Messengers set the
threshold of what ships*): the speaker libri-5703 through Opus at 24 kbit/s, four seconds from half a second on. A model
that is trained again has a scale of its own: the card of published speech says whom it wrongs.
"""
_PERCENTILES: Final = range(0, 101, 5)


@dataclass(frozen=True)
class WindowScore:
    """The score of one window of a clip, and the conditions of its sound."""

    score: float
    conditions: Conditions


@dataclass(frozen=True)
class ScoredClip:
    """A clip and the scores of its windows."""

    clip: Clip
    windows: tuple[WindowScore, ...]

    @property
    def raw(self) -> float | None:
        """Mean score of all windows, in the domain or not; None: there is no window."""
        return float(np.mean([window.score for window in self.windows])) if self.windows else None

    def score(self, limits: Limits) -> float | None:
        """Return the mean score of the windows in the domain, as the detector does; None: there is none."""
        inside = [window.score for window in self.windows if not why_outside(window.conditions, limits)]
        return float(np.mean(inside)) if inside else None


@dataclass(frozen=True)
class Calibration:
    """Thresholds and probability that follow from recorded and synthetic clips in the domain.

    Attributes:
        threshold: of ``Suspicious``; :data:`SUSPECTED` of the recorded clips reach it.
        strict: threshold of ``LikelyFake``, above the highest recorded clip, see :data:`MARGIN`.
        slope: of the logistic function from score to probability, for classes of equal frequency.
        intercept: of the logistic function.
        reference: scores of the recorded clips at the percentiles 0, 5, … 100.
    """

    threshold: float
    strict: float
    slope: float
    intercept: float
    reference: tuple[float, ...]


@dataclass(frozen=True)
class JudgedClip:
    """A clip in the domain, its score, and the calibration of the other folds."""

    clip: Clip
    score: float
    calibration: Calibration

    @property
    def suspected(self) -> bool:
        """Whether the verdict is ``Suspicious`` or ``LikelyFake``."""
        return self.score >= self.calibration.threshold

    @property
    def accused(self) -> bool:
        """Whether the verdict is ``LikelyFake``."""
        return self.score >= self.calibration.strict


def calibrate(clips: Iterable[ScoredClip], limits: Limits) -> Calibration:
    """Return the calibration on the clips in the domain."""
    scored = [(entry.clip.label, score) for entry in clips if (score := entry.score(limits)) is not None]
    recorded, synthetic = (
        np.array([score for clip_label, score in scored if clip_label == label], np.float64)
        for label in ("recorded", "synthetic")
    )
    slope, intercept = metrics.platt(recorded, synthetic)
    return Calibration(
        threshold=metrics.threshold_at(recorded, SUSPECTED),
        strict=beyond(float(recorded.max()), float(np.median(recorded))),
        slope=slope,
        intercept=intercept,
        reference=tuple(float(value) for value in np.percentile(recorded, list(_PERCENTILES))),
    )


def beyond(highest: float, median: float) -> float:
    """Return the threshold of ``LikelyFake`` that follows from scores of recordings."""
    return highest + MARGIN * (highest - median)


def shipped_strict(calibration: Calibration) -> float:
    """Return the threshold of ``LikelyFake`` that ships: above the highest recording of a messenger, too."""
    return max(calibration.strict, beyond(HIGHEST_SENT, calibration.reference[len(calibration.reference) // 2]))


def judge(clips: Sequence[ScoredClip], limits: Limits) -> list[JudgedClip]:
    """Judge the clips in the domain, those of each fold by the calibration of the other two."""
    calibrations: dict[Fold, Calibration] = {
        fold: calibrate((entry for entry in clips if entry.clip.fold != fold), limits) for fold in FOLDS
    }
    return [
        JudgedClip(entry.clip, score, calibrations[entry.clip.fold])
        for entry in clips
        if (score := entry.score(limits)) is not None
    ]


def scored_clips(clips: Sequence[Clip], numbers: Mapping[str, Mapping[str, float]]) -> list[ScoredClip]:
    """Return the clips with their windows.

    Args:
        clips: of the corpus.
        numbers: by the clip's sha256, as :func:`ml.voice.evaluate.scores.run` returns them.
    """
    return [ScoredClip(clip, tuple(_windows(numbers[clip.sha256]))) for clip in clips]


def _windows(numbers: Mapping[str, float]) -> Iterator[WindowScore]:
    for index in range(sum(name.startswith("score") for name in numbers)):
        names = ("snr_db", "bandwidth_hz", "speech_seconds", "clipped")
        yield WindowScore(numbers[f"score{index}"], Conditions(*(numbers[f"{name}{index}"] for name in names)))
