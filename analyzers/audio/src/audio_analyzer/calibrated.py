"""What follows from a model's raw scores by its calibration: a claim, a score from 0 to 100, a percentile. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from analyzer_kit.runs import runs_of
from audio_analyzer.window_scores import WindowScore
from audio_analyzer.windows import WindowPlan

if TYPE_CHECKING:
    from guardian_models.manifest import Calibration

LEAST_STRETCH = 3
"""So many neighbouring windows above the strict threshold are evidence even if the rest of the recording is not:
one among many is above it by chance."""


def claim_of(calibration: Calibration, mean: float, stretch: int) -> Verdict:
    """Return what follows from a model's scores in its domain.

    Args:
        calibration: the model's.
        mean: of the windows of the first pass.
        stretch: how many neighbouring windows, at most, are at or above the strict threshold.
    """
    if mean >= calibration.strict_threshold:
        return Verdict.LIKELY_FAKE
    if mean >= calibration.threshold or stretch >= LEAST_STRETCH:
        return Verdict.SUSPICIOUS
    return Verdict.NO_EVIDENCE


def shown_score(calibration: Calibration, score: float, *, evident: bool) -> int:
    """Return the calibrated probability in per cent, on the side of the line that follows from the thresholds."""
    probability = 1 / (1 + float(np.exp(-np.clip(calibration.slope * score + calibration.intercept, -50, 50))))
    percent = round(100 * probability)
    return max(percent, SUSPICIOUS_FROM) if evident else min(percent, SUSPICIOUS_FROM - 1)


def reference_percentile(calibration: Calibration, score: float) -> float:
    """Return the share of genuine reference recordings that score lower, in per cent."""
    steps = np.linspace(0, 100, len(calibration.reference))
    return round(float(np.interp(score, calibration.reference, steps)), 1)


def stretches(plan: WindowPlan, scores: Sequence[WindowScore], threshold: float) -> list[list[WindowScore]]:
    """Return runs of windows at or above a threshold that touch or overlap, without one below it between them."""
    ordered = sorted(scores, key=lambda window: window.start)
    runs: list[list[WindowScore]] = []
    for start, end in runs_of(np.array([window.score >= threshold for window in ordered], dtype=np.bool_)):
        for window in ordered[start:end]:
            if runs and window is not ordered[start] and window.start - runs[-1][-1].start < 3 * plan.size // 2:
                runs[-1].append(window)
            else:
                runs.append([window])
    return runs
