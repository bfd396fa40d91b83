"""A detector of what coders of a low rate leave in a voice: a linear function of the texture's measures.

Such a coder (Opus of a messenger, AMR-WB of a call) lifts the scores of people far more than those of machines. Nothing
that a file says of itself tells it: a voice message that is encoded again keeps its high score under another coder's
name. The detector learns from copies of both classes, recorded and synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.voice.data import published, sent
from ml.voice.train import texture
from ml.voice.train.scored import Scored

MISSED: Final = 0.02
"""Share of the copies through low rates that the detector may miss, of those that set its cut."""
_STIFFNESS: Final = 1e3
"""Of the ridge regression, whose measures are standardised."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """A linear function of standardised, clipped measures; from 0 on a window went through such a coder.

    Attributes:
        mean: of each measure.
        scale: one over the standard deviation of each measure.
        weights: of each.
        bias: what is added.
    """

    mean: Numbers
    scale: Numbers
    weights: Numbers
    bias: float

    def evidence(self, measures: npt.NDArray[np.float16]) -> Numbers:
        """Return the function of measures, ``[windows, measures]``."""
        return self._standard(measures) @ self.weights + self.bias

    def _standard(self, measures: npt.NDArray[np.float16]) -> Numbers:
        standard = (measures.astype(np.float64) - self.mean) * self.scale
        return np.clip(standard, -texture.LIMIT, texture.LIMIT)


def learned(entries: Sequence[Scored]) -> tuple[Detector, Numbers]:
    """Return the detector of all entries, and the evidence for each by one that learned nothing of its fold.

    The cut comes from the latter: :data:`MISSED` of the copies lie below it.
    """
    measures = np.stack([entry.measures for entry in entries])
    folds = np.array([entry.fold for entry in entries])
    evidence = np.zeros(len(entries))
    for fold in range(published.FOLDS):
        if (folds == fold).any():
            others = [entry for entry in entries if entry.fold != fold]
            evidence[folds == fold] = _ridge(others).evidence(measures[folds == fold])
    cut = float(np.quantile(evidence[[entry.way in sent.LOW_RATE for entry in entries]], MISSED))
    whole = _ridge(entries)
    return Detector(whole.mean, whole.scale, whole.weights, whole.bias - cut), evidence - cut


def _ridge(entries: Sequence[Scored]) -> Detector:
    """Fit +1 to copies through low rates and -1 to recordings and other copies; both sides have equal weight."""
    taken = [entry for entry in entries if entry.way not in sent.NEW_TO_THE_DETECTOR]
    coded = np.array([entry.way in sent.LOW_RATE for entry in taken])
    measures = np.stack([entry.measures for entry in taken])
    plain = measures[~coded].astype(np.float64)
    standard = Detector(plain.mean(axis=0), 1 / (plain.std(axis=0) + 1e-3), np.eye(measures.shape[1]), 0.0)
    x, target = standard.evidence(measures), np.where(coded, 1.0, -1.0)
    weight = np.where(coded, 0.5 / coded.sum(), 0.5 / (~coded).sum()) * len(taken)
    centre = np.average(x, axis=0, weights=weight)
    root = np.sqrt(weight)[:, None]
    rows = (x - centre) * root
    duals = np.linalg.solve(rows @ rows.T + _STIFFNESS * np.eye(len(rows)), target * root[:, 0])
    weights = rows.T @ duals
    return Detector(standard.mean, standard.scale, weights, float(-centre @ weights))
