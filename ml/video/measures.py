"""AUC with bootstrap intervals, places, and false alarms of the video trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer_contract import DetectorReport, Verdict
from ml.video.edits import EDITS
from ml.video.trials import AS_SHIPPED, Trial

DETECTORS = {
    "duplicate": ("DuplicatedFrames", "LoopedFrames"),
    "loop": ("LoopedFrames", "DuplicatedFrames"),
    "freeze": ("FrozenFrames",),
    "drop": ("DroppedFrames",),
}
"""Which detectors may find an edit; a stretch shown twice in a row is a loop of two."""

PLACE_FRAMES = 6
_RESAMPLED = 1000


@dataclass(frozen=True)
class Outcome:
    """What the analyzer said of one trial."""

    trial: Trial
    verdict: Verdict
    detectors: dict[str, DetectorReport]

    def score(self, kind: str) -> int:
        """Of the detectors for ``kind``, 0 to 100."""
        return max(self.detectors[name].score for name in DETECTORS[kind])

    @property
    def found(self) -> bool:
        """Whether the right detector has a finding anywhere."""
        return any(self.detectors[name].findings for name in DETECTORS[self.trial.truth.kind])

    @property
    def in_place(self) -> bool:
        """Whether a finding of the right detector begins within six frames of the edit."""
        truth = self.trial.truth
        place = (truth.place or 0) / self.trial.rate
        reach = (PLACE_FRAMES + 0.5) / self.trial.rate
        return any(
            abs(finding.start_seconds - place) <= reach or abs(finding.end_seconds - place) <= reach
            for name in DETECTORS[truth.kind]
            for finding in self.detectors[name].findings
            if finding.kind != "DroppedFrames" or abs(finding.end_seconds - place) <= reach
        )


@dataclass(frozen=True)
class Measured:
    """One line of the table: a value with its interval."""

    value: float
    low: float
    high: float
    trials: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def controls(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The trials without an edit, re-encoded; files as shipped were edited by nobody knows whom."""
    return [each for each in outcomes if each.trial.truth.kind not in {*EDITS, AS_SHIPPED}]


def auc(outcomes: Sequence[Outcome], kind: str, seed: int) -> Measured:
    """AUC of an edit against all controls; 95 % by resampling recordings: the trials of one are alike."""
    sources = sorted({each.trial.source for each in outcomes})
    edited = {source: _scores(outcomes, source, kind) for source in sources}
    calm = {source: [e.score(kind) for e in controls(outcomes) if e.trial.source == source] for source in sources}

    def of(chosen: Sequence[str]) -> float:
        return _auc([s for c in chosen for s in edited[c]], [s for c in chosen for s in calm[c]])

    rng = np.random.default_rng(seed)
    drawn = [of([sources[i] for i in rng.integers(0, len(sources), len(sources))]) for _ in range(_RESAMPLED)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Measured(of(sources), float(low), float(high), sum(map(len, edited.values())))


def _scores(outcomes: Sequence[Outcome], source: str, kind: str) -> list[int]:
    return [e.score(kind) for e in outcomes if e.trial.source == source and e.trial.truth.kind == kind]


def _auc(edited: Sequence[float], calm: Sequence[float]) -> float:
    """Chance that an edited clip scores higher than one without an edit; ties count half."""
    a, b = np.array(edited)[:, None], np.array(calm)[None, :]
    return float(((a > b).mean() + 0.5 * (a == b).mean()) if a.size and b.size else np.nan)
