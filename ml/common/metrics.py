"""Statistics of scores, where a higher score means more likely synthetic. Needs numpy only.

Every function takes the scores of recorded and of synthetic clips as two arrays, each with at least one score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Statistic = Callable[[Scores, Scores], float]

ROUNDS: Final = 500
"""Resamples of a bootstrap."""


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of the values of a bootstrap."""

    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Clips with a probability in one range of width 0.1.

    Attributes:
        low: lower end of the range.
        count: number of clips.
        predicted: mean probability.
        observed: share of synthetic clips.
    """

    low: float
    count: int
    predicted: float
    observed: float


def auc(recorded: Scores, synthetic: Scores) -> float:
    """Return the chance that a synthetic clip scores above a recorded one; ties count half (Mann, Whitney 1947)."""
    both = np.concatenate([recorded, synthetic])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(recorded), len(synthetic)
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))


def eer(recorded: Scores, synthetic: Scores) -> float:
    """Return the rate at which false positives equal misses, interpolated between thresholds."""
    thresholds = np.concatenate([np.unique(np.concatenate([recorded, synthetic])), [np.inf]])
    false_positives = 1 - np.searchsorted(np.sort(recorded), thresholds) / len(recorded)
    misses = np.searchsorted(np.sort(synthetic), thresholds) / len(synthetic)
    difference = misses - false_positives  # rises from -1 to 1
    crossing = int(np.argmax(difference >= 0))
    if difference[crossing] == 0 or crossing == 0:
        return float((misses[crossing] + false_positives[crossing]) / 2)
    part = -difference[crossing - 1] / (difference[crossing] - difference[crossing - 1])
    return float(misses[crossing - 1] + part * (misses[crossing] - misses[crossing - 1]))


def threshold_at(recorded: Scores, false_positives: float) -> float:
    """Return the lowest threshold that at most this share (below 1) of the recorded clips reaches."""
    descending = np.sort(recorded)[::-1]
    allowed = int(np.floor(false_positives * len(descending) + 1e-9))
    return float(np.nextafter(descending[allowed], np.inf))


def share_at(scores: Scores, threshold: float) -> float:
    """Return the share of clips at or above a threshold: false positives if recorded, detections if synthetic."""
    return float(np.mean(scores >= threshold))


def detection_at(false_positives: float) -> Statistic:
    """Return the statistic: detections at the threshold that this share of the recorded clips reaches."""
    return lambda recorded, synthetic: share_at(synthetic, threshold_at(recorded, false_positives))


def bootstrap(
    statistic: Statistic,
    recorded: Scores,
    synthetic: Scores,
    clusters: tuple[Sequence[str], Sequence[str]] | None = None,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> Interval:
    """Return a 95 % percentile interval (Efron 1979); recorded and synthetic clips are resampled separately.

    Args:
        statistic: what is measured.
        recorded: scores.
        synthetic: scores.
        clusters: the speaker of each recorded and each synthetic clip. Whole speakers are resampled, since clips of
            one speaker resemble each other. None: single clips are resampled.
        seed: of the random numbers.
        rounds: number of resamples.
    """
    random = np.random.default_rng(seed)
    resample_recorded = _resampler(recorded, clusters[0] if clusters else None)
    resample_synthetic = _resampler(synthetic, clusters[1] if clusters else None)
    values = [statistic(resample_recorded(random), resample_synthetic(random)) for _ in range(rounds)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def _resampler(scores: Scores, clusters: Sequence[str] | None) -> Callable[[np.random.Generator], Scores]:
    if clusters is None:
        return lambda random: scores[random.integers(len(scores), size=len(scores))]
    names = np.asarray(clusters)
    groups = [scores[names == name] for name in np.unique(names)]
    return lambda random: np.concatenate([groups[i] for i in random.integers(len(groups), size=len(groups))])


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the interval in which a share lies with a probability of 95 % (Wilson 1927).

    Args:
        hits: how many of them.
        count: of how many; of none any share may be.
    """
    if not count:
        return 0.0, 1.0
    z = 1.959964
    share, spread = hits / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def platt(recorded: Scores, synthetic: Scores) -> tuple[float, float]:
    """Return slope and intercept of the logistic function from score to probability, for classes of equal weight.

    Newton's method on the targets of Platt (1999), which keep the slope finite if the classes do not overlap.
    """
    scores = np.concatenate([recorded, synthetic])
    n, m = len(recorded), len(synthetic)
    target = np.concatenate([np.full(n, 1 / (n + 2)), np.full(m, (m + 1) / (m + 2))])
    weight = np.concatenate([np.full(n, 0.5 / n), np.full(m, 0.5 / m)])
    spread = float(scores.std()) or 1.0
    design = np.stack([(scores - scores.mean()) / spread, np.ones(n + m)], axis=1)
    w = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ w))
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (weight * (target - p)))
        w += step * min(1.0, 5.0 / float(np.abs(step).max() + 1e-12))
    slope = float(w[0]) / spread
    return slope, float(w[1]) - slope * float(scores.mean())


def probability(scores: Scores, slope: float, intercept: float) -> Scores:
    """Return the probability of being synthetic, if both classes are equally frequent."""
    return np.asarray(1 / (1 + np.exp(-(slope * scores + intercept))))


def reliability(recorded: Scores, synthetic: Scores) -> list[Bin]:
    """Return predicted and observed shares in ten bins of probability, without empty bins; classes have equal weight.

    Args:
        recorded: probabilities of the recorded clips.
        synthetic: probabilities of the synthetic clips.
    """
    result = []
    a, b = 1 / len(recorded), 1 / len(synthetic)  # weight of one clip
    for i in range(10):
        first, second = _in_bin(recorded, i), _in_bin(synthetic, i)
        if not len(first) + len(second):
            continue
        total = a * len(first) + b * len(second)
        predicted = (a * float(first.sum()) + b * float(second.sum())) / total
        result.append(Bin(i / 10, len(first) + len(second), predicted, b * len(second) / total))
    return result


def _in_bin(probabilities: Scores, index: int) -> Scores:
    return np.asarray(probabilities[np.minimum((probabilities * 10).astype(int), 9) == index])
