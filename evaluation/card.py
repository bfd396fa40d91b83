"""The evaluation card: what a detector misses and whom it accuses first, then the figures that look better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from evaluation import metrics
from evaluation.corpus import Clip
from evaluation.measures import Measures

_SNR_EDGES: Final = (0.0, 15.0, 25.0, 35.0, 45.0, 101.0)
_BAND_EDGES: Final = (0.0, 4000.0, 5500.0, 7000.0, 8001.0)
_ACCUSED: Final = 0.05
_CAUGHT: Final = 0.5
_FEW: Final = 5  # clips; of fewer no share is told
_PERCENTILES: Final = range(0, 101, 5)


@dataclass(frozen=True)
class Domain:
    """The sound in which a detector's answer counts.

    Attributes:
        min_snr_db: estimated, see :mod:`evaluation.measures`.
        min_bandwidth_hz: likewise.
        min_active_seconds: likewise.
        max_clipped: likewise.
    """

    min_snr_db: float
    min_bandwidth_hz: float
    min_active_seconds: float
    max_clipped: float

    def holds(self, measured: Measures) -> bool:
        """Say whether a sound lies in it."""
        return (
            measured.snr_db >= self.min_snr_db
            and measured.bandwidth_hz >= self.min_bandwidth_hz
            and measured.active_seconds >= self.min_active_seconds
            and measured.clipped <= self.max_clipped
        )


@dataclass(frozen=True)
class Row:
    """A clip, its score, and its measures."""

    clip: Clip
    score: float
    measured: Measures


@dataclass(frozen=True)
class Calibration:
    """What follows from the calibration split, inside the domain.

    Attributes:
        threshold: 5 % of the recorded clips reach it.
        strict: 1 % do.
        slope: of the logistic function from score to probability, classes equally frequent.
        intercept: of it.
        reference: scores of the recorded clips at the percentiles 0, 5, … 100.
    """

    threshold: float
    strict: float
    slope: float
    intercept: float
    reference: tuple[float, ...]


def calibrate(rows: Sequence[Row], domain: Domain) -> Calibration:
    """Calibrate on the clips of the calibration split that lie in the domain."""
    inside = [row for row in rows if row.clip.split == "calibration" and domain.holds(row.measured)]
    recorded, synthetic = of_label(inside, "recorded"), of_label(inside, "synthetic")
    slope, intercept = metrics.platt(recorded, synthetic)
    return Calibration(
        threshold=metrics.threshold_at(recorded, 0.05),
        strict=metrics.threshold_at(recorded, 0.01),
        slope=slope,
        intercept=intercept,
        reference=tuple(float(value) for value in np.percentile(recorded, list(_PERCENTILES))),
    )


def of_label(rows: Iterable[Row], label: str) -> metrics.Scores:
    """Give the scores of one class."""
    return np.array([row.score for row in rows if row.clip.label == label], np.float64)


def failures(rows: Sequence[Row], domain: Domain, threshold: float) -> list[str]:
    """Tell what goes wrong at a threshold, as lines of Markdown; in the domain, on all splits but calibration."""
    inside = [row for row in rows if domain.holds(row.measured) and row.clip.split != "calibration"]
    lines = []
    for name, group in _groups((row for row in inside if row.clip.label == "synthetic"), lambda row: row.clip.family):
        share = metrics.share_at(_scores(group), threshold)
        if len(group) >= _FEW and share < _CAUGHT:
            lines.append(f"- **{name}**: {_percent(1 - share)} of {len(group)} clips missed.")
    for what, key in (("source", _source), ("channel", _channel)):
        for name, group in _groups((row for row in inside if row.clip.label == "recorded"), key):
            share = metrics.share_at(_scores(group), threshold)
            if len(group) >= _FEW and share > _ACCUSED:
                lines.append(f"- {what} **{name}**: {_percent(share)} of {len(group)} recorded clips accused.")
    return lines


def errors(rows: Sequence[Row], seed: int) -> list[str]:
    """Give a table of EER and AUC against all recorded clips, for each kind and family of synthetic speech."""
    recorded = [row for row in rows if row.clip.label == "recorded"]
    synthetic = [row for row in rows if row.clip.label == "synthetic"]
    kinds = _groups(synthetic, lambda row: f"all {row.clip.kind}")
    sets = [("all synthetic", synthetic), *kinds, *_groups(synthetic, lambda row: row.clip.family)]
    head = ["synthetic speech", "clips", "voices", "EER", "95 % by clip", "95 % by speaker", "AUC", "95 % by speaker"]
    body = []
    for name, group in sets:
        first, second = _scores(recorded), _scores(group)
        speakers = ([row.clip.speaker for row in recorded], [row.clip.speaker for row in group])
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
            ]
        )
    return table(head, body)


def at_threshold(rows: Sequence[Row], domain: Domain, threshold: float, key: Callable[[Row], str]) -> list[str]:
    """Give a table of how many clips of each group reach a threshold: of all, and of those in the domain."""
    head = ["", "recorded", "accused", "in the domain", "accused", "synthetic", "caught", "in the domain", "caught"]
    body = []
    for name, group in _groups(rows, key):
        cells = [name]
        for label in ("recorded", "synthetic"):
            mine = [row for row in group if row.clip.label == label]
            inside = [row for row in mine if domain.holds(row.measured)]
            cells += [str(len(mine)), _share(mine, threshold), str(len(inside)), _share(inside, threshold)]
        body.append(cells)
    return table(head, body)


def buckets(rows: Sequence[Row], threshold: float) -> list[str]:
    """Give a table of the share of recorded clips that reach a threshold, by estimated SNR and bandwidth."""
    recorded = [row for row in rows if row.clip.label == "recorded"]
    bands = list(pairwise(_BAND_EDGES))
    head = ["estimated SNR", *(f"{low / 1000:g} to {min(high, 8000) / 1000:g} kHz" for low, high in bands), "all"]
    body = []
    for low, high in pairwise(_SNR_EDGES):
        row_of = [row for row in recorded if low <= row.measured.snr_db < high]
        cells = [[row for row in row_of if a <= row.measured.bandwidth_hz < b] for a, b in bands]
        told = [f"{_share(cell, threshold)} of {len(cell)}" if cell else "" for cell in [*cells, row_of]]
        body.append([f"{low:g} to {min(high, 100):g} dB", *told])
    return table(head, body)


def reliability(rows: Sequence[Row], calibration: Calibration) -> list[str]:
    """Give a table of probabilities against what is observed."""
    probabilities = [
        metrics.probability(of_label(rows, label), calibration.slope, calibration.intercept)
        for label in ("recorded", "synthetic")
    ]
    body = [
        [f"{one.low:.1f} to {one.low + 0.1:.1f}", str(one.count), f"{one.predicted:.2f}", f"{one.observed:.2f}"]
        for one in metrics.reliability(*probabilities)
    ]
    return table(["probability", "clips", "mean", "share that is synthetic, classes weighing the same"], body)


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Give a Markdown table."""
    rows = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(cells)} |" for cells in rows]


def _groups(rows: Iterable[Row], key: Callable[[Row], str]) -> list[tuple[str, list[Row]]]:
    result: dict[str, list[Row]] = {}
    for row in rows:
        result.setdefault(key(row), []).append(row)
    return sorted(result.items())


def _source(row: Row) -> str:
    return row.clip.source


def _channel(row: Row) -> str:
    return row.clip.channel


def _scores(rows: Sequence[Row]) -> metrics.Scores:
    return np.array([row.score for row in rows], np.float64)


def _share(rows: Sequence[Row], threshold: float) -> str:
    return _percent(metrics.share_at(_scores(rows), threshold)) if rows else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(interval: metrics.Interval, percent: bool = True) -> str:
    if percent:
        return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"
    return f"{interval.low:.3f} to {interval.high:.3f}"


def rows_of(
    clips: Sequence[Clip], scores: Mapping[str, Mapping[str, float]], measured: Mapping[str, Mapping[str, float]]
) -> list[Row]:
    """Put clips, scores and measures together; the latter two are by the clip's sha256."""
    return [Row(clip, scores[clip.sha256]["score"], Measures(**measured[clip.sha256])) for clip in clips]
