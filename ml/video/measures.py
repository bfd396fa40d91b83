"""Outcomes of the video trials, and AUC with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer_contract import DetectorReport, Finding, Verdict
from ml.video.edits import EDITS
from ml.video.trials import AS_SHIPPED, Trial

DETECTORS = {
    "duplicate": ("DuplicatedFrames", "LoopedFrames"),
    "loop": ("LoopedFrames", "DuplicatedFrames"),
    "freeze": ("FrozenFrames",),
    "drop": ("DroppedFrames",),
}
"""Detectors that may find each edit; a stretch that is shown twice in a row is a loop of two."""

PLACE_FRAMES = 6
_RESAMPLED = 1000


@dataclass(frozen=True)
class Outcome:
    """The analyzer's answer for one trial."""

    trial: Trial
    verdict: Verdict
    detectors: dict[str, DetectorReport]

    def score(self, kind: str) -> int:
        """Return the highest score of the detectors for an edit, 0 to 100."""
        return max(self.detectors[name].score for name in DETECTORS[kind])

    @property
    def found(self) -> bool:
        """Whether the right detector has a finding anywhere."""
        return bool(self._evidence)

    @property
    def _evidence(self) -> list[Finding]:
        """Return the findings of the right detector, without its facts."""
        names = DETECTORS[self.trial.truth.kind]
        return [finding for name in names for finding in self.detectors[name].findings if finding.score > 0]

    @property
    def in_place(self) -> bool:
        """Whether a finding of the right detector begins or ends within six frames of the edit."""
        truth = self.trial.truth
        place = (truth.place or 0) / self.trial.rate
        reach = (PLACE_FRAMES + 0.5) / self.trial.rate
        return any(
            abs(finding.start_seconds - place) <= reach or abs(finding.end_seconds - place) <= reach
            for finding in self._evidence
            if finding.kind != "DroppedFrames" or abs(finding.end_seconds - place) <= reach
        )


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval, and the number of trials."""

    value: float
    low: float
    high: float
    trials: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def controls(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the trials without an edit, re-encoded. Files as shipped are left out: they may have been edited."""
    return [outcome for outcome in outcomes if outcome.trial.truth.kind not in {*EDITS, AS_SHIPPED}]


def auc(outcomes: Sequence[Outcome], kind: str, seed: int) -> Measured:
    """Return the AUC of an edit against all controls; recordings are resampled, since trials of one are alike."""
    sources = sorted({outcome.trial.source for outcome in outcomes})
    edited = {source: _scores(outcomes, source, kind) for source in sources}
    untouched = {source: [o.score(kind) for o in controls(outcomes) if o.trial.source == source] for source in sources}

    def auc_of(drawn: Sequence[str]) -> float:
        return _auc(
            [score for source in drawn for score in edited[source]],
            [score for source in drawn for score in untouched[source]],
        )

    rng = np.random.default_rng(seed)
    values = [auc_of([sources[i] for i in rng.integers(0, len(sources), len(sources))]) for _ in range(_RESAMPLED)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Measured(auc_of(sources), float(low), float(high), sum(map(len, edited.values())))


def _scores(outcomes: Sequence[Outcome], source: str, kind: str) -> list[int]:
    return [o.score(kind) for o in outcomes if o.trial.source == source and o.trial.truth.kind == kind]


def _auc(edited: Sequence[float], untouched: Sequence[float]) -> float:
    """Return the chance that an edited clip scores above one without an edit; ties count half. NaN: none."""
    a, b = np.array(edited)[:, None], np.array(untouched)[None, :]
    return float(((a > b).mean() + 0.5 * (a == b).mean()) if a.size and b.size else np.nan)
