"""Fit how much each part of the wideband model counts, and measure the sum on systems and sources held out.

The texture learned from packages, AASIST from ASVspoof 5 and then from published speech (:mod:`ml.voice.train.tuned`):
a clip is judged by the network that learned nothing of its fold. The scale and the offset of the sum, the detector of
coders, and the thresholds are fitted here: on published recordings, copies of them and demonstrations, each fold by the
others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from guardian_models.manifest import Calibration
from ml.common import metrics
from ml.voice.data import published, sent
from ml.voice.train import coders, fusion
from ml.voice.train.scored import Scored

AASIST_SHARE: Final = 0.2
"""What AASIST counts beside the texture. A regression gives it 0.3; then an actor in a game of Debian, of whom AASIST
alone is sure, would be called fake. With 0.2 the highest recordings of both parts lie equally high."""

SUSPECTED: Final = 0.005
"""Share of all recordings, and of all with their copies, that may be ``Suspicious``."""
SUSPECTED_OF_WAY: Final = 0.01
"""Share of the copies that went one way that may be."""
SUSPECTED_OF_SOURCE: Final = 0.03
SOURCE_FROM: Final = 20
"""Share of the recordings of any source of so many clips, and of their copies, that may be; one clip of each may."""
MARGIN: Final = 0.05
SUSPICIOUS_MARGIN: Final = 0.1
"""Distance of a threshold from the highest score that must not reach it, as a share of that one's from the median.

With 0.05 for ``Suspicious`` too, two of twenty copies of one source were, held out.
"""
BODY: Final = 0.95
TAIL: Final = 1e-3
"""``LikelyFake`` lies where an exponential tail above the body says that so many of the recordings would reach it."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """What was fitted: the sum with the detector of coders, and the thresholds."""

    joint: fusion.Joint
    calibration: Calibration

    def scores(self, entries: Sequence[Scored]) -> Numbers:
        """Return the scores of the joined model."""
        evidence = self.joint.coder.evidence(np.stack([entry.measures for entry in entries]))
        return _sums(entries, self.joint.shares) - self.joint.discount * (evidence >= 0)


@dataclass(frozen=True)
class Judged:
    """A clip in the domain: its score and what the thresholds say, which come from the other folds.

    If it was met, what judges it knows the sound or the speaker: that is no figure about new people.
    """

    clip: published.Clip
    score: float
    probability: float
    suspected: bool
    accused: bool
    way: str = sent.AS_RECORDED
    coded: bool = False
    met: bool = False


def fit(entries: Sequence[Scored]) -> Fitted:
    """Return the sum, and the thresholds that follow from recordings and their copies.

    What the detector of coders recognises is scored lower by a constant: the distance between the threshold of
    ``LikelyFake`` that these copies ask for, and the one that all else asks for. So one threshold does for both.
    """
    shares = _shares(entry for entry in entries if entry.plain)
    coder, evidence = coders.learned(entries)
    sums = _sums(entries, shares)
    recorded = np.array([not entry.clip.synthetic for entry in entries])
    plain = np.array([entry.plain for entry in entries])
    coded = evidence >= 0
    weight = np.array([entry.trial.weight for entry in entries])
    median = float(np.median(sums[recorded & plain]))
    others, through = (_certain(sums[of], weight[of], median) for of in (recorded & ~coded, recorded & coded))
    discount = max(0.0, through - others)
    scores = sums - discount * coded
    reference = scores[recorded & plain]
    slope, intercept = metrics.platt(reference, scores[~recorded & plain])
    calibration = Calibration(
        slope=slope,
        intercept=intercept,
        threshold=min(_suspicious([e for e in entries if not e.clip.synthetic], scores[recorded]), others),
        strict_threshold=others,
        reference=tuple(float(value) for value in np.percentile(reference, range(0, 101, 5))),
    )
    return Fitted(fusion.Joint(shares, coder, discount), calibration)


def judge(entries: Sequence[Scored]) -> list[Judged]:
    """Judge the trials: those of each fold by what the others say, without its systems, speakers and lineages."""
    fold_by_clip = {entry.clip: entry.fold for entry in entries}
    clips, folds = list(fold_by_clip), list(fold_by_clip.values())
    result = []
    for fold in sorted(set(folds)):
        learners = {clips[index] for index in published.learners(clips, folds, fold)}
        fitted = fit([entry for entry in entries if entry.clip in learners])
        held = [entry for entry in entries if entry.fold == fold]
        coded = fitted.joint.coder.evidence(np.stack([entry.measures for entry in held])) >= 0
        for entry, value, is_coded in zip(held, fitted.scores(held), coded, strict=True):
            result.append(_judged(entry, float(value), fitted.calibration, coded=bool(is_coded)))
    return result


def _judged(entry: Scored, value: float, by: Calibration, *, coded: bool) -> Judged:
    chance = float(metrics.probability(np.array(value), by.slope, by.intercept))
    suspected, accused = value >= by.threshold, value >= by.strict_threshold
    return Judged(entry.clip, value, chance, suspected, accused, entry.way, coded, entry.met)


def _shares(entries: Iterable[Scored]) -> fusion.Shares:
    """Return the sum that is the log odds of synthetic speech, for classes of equal weight."""
    sums: dict[bool, list[float]] = {True: [], False: []}
    for entry in entries:
        sums[entry.clip.synthetic].append(entry.parts[0] + AASIST_SHARE * entry.parts[1])
    slope, offset = metrics.platt(np.array(sums[False]), np.array(sums[True]))
    return fusion.Shares(slope, slope * AASIST_SHARE, offset)


def _sums(entries: Sequence[Scored], by: fusion.Shares) -> Numbers:
    return np.array([by.texture * entry.parts[0] + by.aasist * entry.parts[1] + by.offset for entry in entries])


def _certain(scores: Numbers, weight: Numbers, median: float) -> float:
    """Return where ``LikelyFake`` begins: above the highest score, and where the tail ends."""
    highest = float(scores.max())
    order = np.argsort(scores)
    body = float(np.interp(BODY, np.cumsum(weight[order]) / weight.sum(), scores[order]))
    above = scores > body
    excess = float(np.average(scores[above] - body, weights=weight[above]))
    return max(highest + MARGIN * (highest - median), body + excess * float(np.log((1 - BODY) / TAIL)))


def _suspicious(recorded: Sequence[Scored], scores: Numbers) -> float:
    """Return where ``Suspicious`` begins: above the shares that may lie there of all, of a way, and of a source."""
    plain = np.array([entry.plain for entry in recorded])
    way = np.array([entry.way for entry in recorded])
    source = np.array([entry.clip.repository for entry in recorded])
    weight = np.array([entry.trial.weight for entry in recorded])
    values = [metrics.threshold_at(scores[plain], SUSPECTED), _reached_by(scores, weight, SUSPECTED)]
    values += [_reached_by(scores[way == name], weight[way == name], SUSPECTED_OF_WAY) for name in set(way[~plain])]
    for name in set(source):
        of, copies = plain & (source == name), ~plain & (source == name)
        if of.sum() >= SOURCE_FROM:
            values.append(metrics.threshold_at(scores[of], max(SUSPECTED_OF_SOURCE, 1 / int(of.sum()))))
            if copies.sum() >= SOURCE_FROM:
                values.append(_reached_by(scores[copies], weight[copies], SUSPECTED_OF_SOURCE))
    highest = max(values)
    return highest + SUSPICIOUS_MARGIN * (highest - float(np.median(scores[plain])))


def _reached_by(scores: Numbers, weight: Numbers, share: float) -> float:
    """Return the least threshold that no more than a share of the weight reaches; minus infinity of no weight."""
    if not weight.sum():
        return -np.inf
    order = np.argsort(-scores)
    within = int(np.searchsorted(np.cumsum(weight[order]) / weight.sum(), share, side="right"))
    return float(np.nextafter(scores[order[min(within, len(order) - 1)]], np.inf))
