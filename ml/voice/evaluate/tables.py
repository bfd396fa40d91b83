"""The evaluation card: what a detector misses and whom it accuses first, then the figures that look better.

Every figure at a threshold is crossed: the clips of a fold are judged by a threshold that the other two folds set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from audio_analyzer.domain import Conditions, Limits, why_outside
from ml.common import metrics
from ml.voice.data.corpus import Clip
from ml.voice.data.splits import FOLDS, Fold

_SNR_EDGES: Final = (-100.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 200.0)
_BAND_EDGES: Final = (0.0, 4000.0, 5000.0, 6000.0, 7000.0, 8001.0)
MOST_ACCUSED: Final = 0.05
LEAST_CAUGHT: Final = 0.5
_FEW: Final = 5  # clips; of fewer no share is told
_PERCENTILES: Final = range(0, 101, 5)
SUSPECTED: Final = 0.01
"""Share of the recordings, at most, that reach the threshold of ``Suspicious``."""
MARGIN: Final = 0.05
"""``LikelyFake`` begins beyond the highest score of a recording, by this share of the way there from the median.

None of the recordings may reach it, since a source has few clips, and one of them is more than 5 % of it; and the
highest of some hundred scores is not the highest that there is.
"""


@dataclass(frozen=True)
class Window:
    """One window of a clip that the model heard: its score and what its sound is like."""

    score: float
    conditions: Conditions


@dataclass(frozen=True)
class Row:
    """A clip, and what was heard of it."""

    clip: Clip
    windows: tuple[Window, ...]

    @property
    def raw(self) -> float | None:
        """Mean score, domain or not; None: nothing was heard."""
        return float(np.mean([each.score for each in self.windows])) if self.windows else None

    def score(self, limits: Limits) -> float | None:
        """Mean score of the windows in the domain, as the detector takes it; None: it concludes nothing."""
        inside = [each.score for each in self.windows if not why_outside(each.conditions, limits)]
        return float(np.mean(inside)) if inside else None


@dataclass(frozen=True)
class Calibration:
    """What follows from recorded and synthetic clips in the domain.

    Attributes:
        threshold: :data:`SUSPECTED` of the recorded clips reach it.
        strict: above the highest of the recorded clips, see :data:`MARGIN`.
        slope: of the logistic function from score to probability, classes equally frequent.
        intercept: of it.
        reference: scores of the recorded clips at the percentiles 0, 5, … 100.
    """

    threshold: float
    strict: float
    slope: float
    intercept: float
    reference: tuple[float, ...]


@dataclass(frozen=True)
class Judged:
    """A clip in the domain, its score, and what the thresholds of the other folds make of it."""

    clip: Clip
    score: float
    by: Calibration

    @property
    def suspected(self) -> bool:
        """Whether it is ``Suspicious`` at least."""
        return self.score >= self.by.threshold

    @property
    def accused(self) -> bool:
        """Whether it is ``LikelyFake``."""
        return self.score >= self.by.strict


def calibrate(rows: Iterable[Row], limits: Limits) -> Calibration:
    """Calibrate on the clips that lie in the domain."""
    scored = [(row.clip.label, score) for row in rows if (score := row.score(limits)) is not None]
    recorded, synthetic = (
        np.array([score for label, score in scored if label == wanted], np.float64)
        for wanted in ("recorded", "synthetic")
    )
    slope, intercept = metrics.platt(recorded, synthetic)
    return Calibration(
        threshold=metrics.threshold_at(recorded, SUSPECTED),
        strict=float(recorded.max() + MARGIN * (recorded.max() - np.median(recorded))),
        slope=slope,
        intercept=intercept,
        reference=tuple(float(value) for value in np.percentile(recorded, list(_PERCENTILES))),
    )


def judge(rows: Sequence[Row], limits: Limits) -> list[Judged]:
    """Judge the clips in the domain, those of each fold by what the other two say."""
    by: dict[Fold, Calibration] = {
        fold: calibrate((row for row in rows if row.clip.fold != fold), limits) for fold in FOLDS
    }
    return [Judged(row.clip, score, by[row.clip.fold]) for row in rows if (score := row.score(limits)) is not None]


def failures(judged: Sequence[Judged], *, attacks: bool = False) -> list[str]:
    """Tell what goes wrong, as lines of Markdown; of attacks alone, if that is wanted."""
    lines = []
    for name, group in _groups((one for one in judged if one.clip.label == "synthetic"), lambda one: one.clip.family):
        share = _accused(group)
        if len(group) >= _FEW and share < LEAST_CAUGHT:
            lines.append(f"- **{name}**: {_percent(1 - share)} of {len(group)} clips are not `LikelyFake`.")
    recorded = [one for one in judged if one.clip.label == "recorded" and not attacks]
    for what, key in (("source", _source), ("channel", _channel)):
        for name, group in _groups(recorded, key):
            for verdict, share in (("LikelyFake", _accused(group)), ("Suspicious or worse", _suspected(group))):
                if share > MOST_ACCUSED:
                    lines.append(f"- {what} **{name}**: {_percent(share)} of {len(group)} recorded clips: {verdict}.")
    return lines


def errors(rows: Sequence[Row], seed: int, score: Callable[[Row], float | None]) -> list[str]:
    """Give a table of EER and AUC against all recorded clips, for each kind and family of synthetic speech."""
    scored = [(row.clip, value) for row in rows if (value := score(row)) is not None]
    recorded = [one for one in scored if one[0].label == "recorded"]
    synthetic = [one for one in scored if one[0].label == "synthetic"]
    kinds = _grouped(synthetic, lambda clip: f"all {clip.kind}")
    sets = [("all synthetic", synthetic), *kinds, *_grouped(synthetic, lambda clip: clip.family)]
    without = [one for one in synthetic if one[0].family in {"piper", "hibari"}]
    if without:
        sets.insert(1, ("piper and hibari", without))
    head = ["synthetic speech", "clips", "voices", "EER", "95 % by clip", "95 % by speaker", "AUC", "95 % by speaker"]
    head += ["caught at 5 %", "at 1 %"]
    body = []
    for name, group in sets:
        first, second = (np.array([value for _, value in each], np.float64) for each in (recorded, group))
        speakers = ([clip.speaker for clip, _ in recorded], [clip.speaker for clip, _ in group])
        body.append(
            [
                name,
                str(len(group)),
                str(len(set(speakers[1]))),
                _percent(metrics.eer(first, second)),
                _interval(metrics.bootstrap(metrics.eer, first, second, seed=seed)),
                _interval(metrics.bootstrap(metrics.eer, first, second, speakers, seed=seed)),
                f"{metrics.auc(first, second):.3f}",
                _interval(metrics.bootstrap(metrics.auc, first, second, speakers, seed=seed), percent=False),
                *(_percent(metrics.detection_at(share)(first, second)) for share in (0.05, 0.01)),
            ]
        )
    return table(head, body)


def at_thresholds(rows: Sequence[Row], judged: Sequence[Judged], key: Callable[[Clip], str]) -> list[str]:
    """Give a table of how many clips of each group lie in the domain, and how many of these get which verdict."""
    head = ["", "recorded", "in the domain", "Suspicious or worse", "LikelyFake"]
    head += ["synthetic", "in the domain", "Suspicious or worse", "LikelyFake"]
    body = []
    inside = dict(_groups(judged, lambda one: key(one.clip)))
    for name, group in _groups(rows, lambda row: key(row.clip)):
        cells = [name]
        for label in ("recorded", "synthetic"):
            mine = [one for one in inside.get(name, []) if one.clip.label == label]
            cells += [str(sum(row.clip.label == label for row in group)), str(len(mine))]
            cells += [_percent(_suspected(mine)), _percent(_accused(mine))] if mine else ["", ""]
        body.append(cells)
    return table(head, body)


def buckets(rows: Sequence[Row], threshold: float) -> list[str]:
    """Give a table of the share of windows of recorded clips that reach a threshold, by noise and bandwidth."""
    windows = [each for row in rows if row.clip.label == "recorded" for each in row.windows]
    bands = list(pairwise(_BAND_EDGES))
    head = ["signal to noise", *(f"{low / 1000:g} to {min(high, 8000) / 1000:g} kHz" for low, high in bands), "all"]
    body = []
    for low, high in pairwise(_SNR_EDGES):
        row_of = [each for each in windows if low <= each.conditions.snr_db < high]
        cells = [[each for each in row_of if a <= each.conditions.bandwidth_hz < b] for a, b in bands]
        told = [
            f"{_percent(sum(each.score >= threshold for each in cell) / len(cell))} of {len(cell)}" if cell else ""
            for cell in [*cells, row_of]
        ]
        body.append([f"{low:g} to {high:g} dB" if low > _SNR_EDGES[0] else f"below {high:g} dB", *told])
    return table(head, body)


def reliability(judged: Sequence[Judged]) -> list[str]:
    """Give a table of probabilities, by what the other folds say, against what is observed."""
    probabilities = [
        np.array(
            [
                float(metrics.probability(np.array([one.score]), one.by.slope, one.by.intercept)[0])
                for one in judged
                if one.clip.label == label
            ]
        )
        for label in ("recorded", "synthetic")
    ]
    body = [
        [
            f"{one.low:.1f} to {one.low + 0.1:.1f}",
            str(one.count),
            f"{one.predicted:.2f}",
            f"{one.observed:.2f}",
            "▇" * round(20 * one.observed),
        ]
        for one in metrics.reliability(*probabilities)
    ]
    return table(["probability", "clips", "mean", "share that is synthetic, classes weighing the same", ""], body)


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Give a Markdown table."""
    rows = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(cells)} |" for cells in rows]


def rows_of(clips: Sequence[Clip], numbers: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Put clips and what was heard of them together; the latter is by the clip's sha256, as ``scores`` gives it."""
    return [Row(clip, tuple(_windows(numbers[clip.sha256]))) for clip in clips]


def _windows(numbers: Mapping[str, float]) -> Iterable[Window]:
    for index in range(sum(name.startswith("score") for name in numbers)):
        names = ("snr_db", "bandwidth_hz", "speech_seconds", "clipped")
        yield Window(numbers[f"score{index}"], Conditions(*(numbers[f"{name}{index}"] for name in names)))


def _groups[T](items: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    result: dict[str, list[T]] = {}
    for item in items:
        result.setdefault(key(item), []).append(item)
    return sorted(result.items())


def _grouped(
    scored: Iterable[tuple[Clip, float]], key: Callable[[Clip], str]
) -> list[tuple[str, list[tuple[Clip, float]]]]:
    return _groups(scored, lambda one: key(one[0]))


def _source(one: Judged) -> str:
    return one.clip.source


def _channel(one: Judged) -> str:
    return one.clip.channel


def _suspected(group: Sequence[Judged]) -> float:
    return sum(one.suspected for one in group) / len(group)


def _accused(group: Sequence[Judged]) -> float:
    return sum(one.accused for one in group) / len(group)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(interval: metrics.Interval, percent: bool = True) -> str:
    if percent:
        return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"
    return f"{interval.low:.3f} to {interval.high:.3f}"
