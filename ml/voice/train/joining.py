"""Fit how much each part of the wideband model counts, and measure the sum on systems and sources held out.

The parts learned from packages and from ASVspoof 5. Only the scale and the offset of their sum, and the thresholds, are
fitted here: on published recordings and demonstrations, each fold by the four others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from audio_analyzer.domain import Conditions, Limits, measure, why_outside
from audio_analyzer.levels import LevelMeter
from audio_analyzer.window_scores import prepared
from guardian_models.manifest import Calibration
from guardian_models.runtime import Model
from ml.common import metrics
from ml.common.packages import folder as cache
from ml.voice.data import published
from ml.voice.data.sound import RATE, Sound
from ml.voice.train import fusion

LIMITS: Final = Limits(min_snr_db=25.0, min_bandwidth_hz=5000.0, min_speech_seconds=2.0)
"""AASIST takes people for machines where noise is louder; the texture alone would do from 15 dB on."""

AASIST_SHARE: Final = 0.2
"""What AASIST counts beside the texture. A regression gives it 0.3; then an actor in a game of Debian, of whom AASIST
alone is sure, would be called fake. With 0.2 the highest recordings of both parts lie equally high."""

SUSPECTED: Final = 0.005
"""Share of all recordings that may be ``Suspicious``."""
SUSPECTED_OF_SOURCE: Final = 0.03
SOURCE_FROM: Final = 20
"""Share of the recordings of any source of so many clips that may be; one clip of each may."""
MARGIN: Final = 0.05
"""Distance of a threshold from the highest score that must not reach it, as a share of that one's from the median."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What the parts say of one window, from the middle of a clip.

    Attributes:
        clip: the clip.
        fold: its fold.
        parts: the texture's score and AASIST's.
        conditions: what the window sounds like.
    """

    clip: published.Clip
    fold: int
    parts: tuple[float, float]
    conditions: Conditions

    @property
    def inside(self) -> bool:
        """Whether the model would judge it."""
        return not self.clip.narrow and not why_outside(self.conditions, LIMITS)


@dataclass(frozen=True)
class Judged:
    """A clip in the domain: its score and the thresholds, which come from the other folds."""

    clip: published.Clip
    score: float
    probability: float
    suspected: bool
    accused: bool


def score(model: Model, found: Sequence[published.Clip], workers: int) -> list[Scored]:
    """Return what the parts of a model say of each clip; what is in the cache is not asked again.

    Args:
        model: of :func:`fusion.build`, with any shares.
        found: all clips.
        workers: number of threads.
    """
    path = cache() / "published" / f"parts-{model.manifest.sha256[:12]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    known = {row["clip"]: row for row in map(json.loads, lines)}
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
        missing = [clip for clip in found if clip.name not in known]
        for row in pool.map(lambda clip: _row(model, clip), missing):
            file.write(json.dumps(row) + "\n")
            file.flush()
            known[row["clip"]] = row
    result = []
    for clip, fold in zip(found, published.folds(found), strict=True):
        texture, aasist = known[clip.name]["parts"]
        result.append(Scored(clip, fold, (texture, aasist), Conditions(**known[clip.name]["conditions"])))
    return result


def middle(sound: Sound) -> Sound:
    """Return four seconds from the middle of a clip."""
    start = max(0, (len(sound) - 4 * RATE) // 2)
    return sound[start : start + 4 * RATE]


def _row(model: Model, clip: published.Clip) -> dict[str, object]:
    window = middle(published.load(clip))
    meter = LevelMeter()
    meter.add(window)
    speech = meter.result().sound()
    answer = model.run(prepared(model.manifest.input, window, speech))
    conditions = asdict(measure(window, speech))
    return {"clip": clip.name, "parts": [float(part) for part in answer.embedding[-2:]], "conditions": conditions}


def shares(entries: Iterable[Scored]) -> fusion.Shares:
    """Return the sum that is the log odds of synthetic speech, for classes of equal weight."""
    sums: dict[bool, list[float]] = {True: [], False: []}
    for entry in entries:
        sums[entry.clip.synthetic].append(entry.parts[0] + AASIST_SHARE * entry.parts[1])
    slope, offset = metrics.platt(np.array(sums[False]), np.array(sums[True]))
    return fusion.Shares(slope, slope * AASIST_SHARE, offset)


def total(entry: Scored, by: fusion.Shares) -> float:
    """Return the score of the joined model."""
    return by.texture * entry.parts[0] + by.aasist * entry.parts[1] + by.offset


def calibrate(entries: Sequence[Scored], score_of: Callable[[Scored], float]) -> Calibration:
    """Return the calibration on recordings and synthetic clips in the domain.

    ``Suspicious`` is where at most :data:`SUSPECTED` of the recordings lie, and at most :data:`SUSPECTED_OF_SOURCE` of
    those of any source of :data:`SOURCE_FROM` clips; ``LikelyFake`` where none lies. Both have the :data:`MARGIN`.
    """
    recorded = np.array([score_of(entry) for entry in entries if not entry.clip.synthetic])
    synthetic = np.array([score_of(entry) for entry in entries if entry.clip.synthetic])
    threshold = metrics.threshold_at(recorded, SUSPECTED)
    for source in {entry.clip.repository for entry in entries}:
        own = [score_of(entry) for entry in entries if not entry.clip.synthetic and entry.clip.repository == source]
        if len(own) >= SOURCE_FROM:
            threshold = max(threshold, metrics.threshold_at(np.array(own), max(SUSPECTED_OF_SOURCE, 1 / len(own))))
    slope, intercept = metrics.platt(recorded, synthetic)
    median = float(np.median(recorded))
    suspicious, certain = (value + MARGIN * (value - median) for value in (threshold, float(recorded.max())))
    return Calibration(
        slope=slope,
        intercept=intercept,
        threshold=suspicious,
        strict_threshold=max(certain, suspicious),
        reference=tuple(float(value) for value in np.percentile(recorded, range(0, 101, 5))),
    )


def judge(entries: Sequence[Scored]) -> list[Judged]:
    """Judge the clips in the domain: each fold by shares and thresholds of the others, without its systems."""
    found = [entry.clip for entry in entries]
    fold_of = [entry.fold for entry in entries]
    result = []
    for fold in range(published.FOLDS):
        others = [entries[index] for index in published.learners(found, fold_of, fold) if entries[index].inside]
        by = shares(others)
        thresholds = calibrate(others, partial(total, by=by))
        held = [entry for entry in entries if entry.fold == fold and entry.inside]
        result += [_judged(entry, total(entry, by), thresholds) for entry in held]
    return result


def _judged(entry: Scored, value: float, by: Calibration) -> Judged:
    chance = float(metrics.probability(np.array(value), by.slope, by.intercept))
    return Judged(entry.clip, value, chance, value >= by.threshold, value >= by.strict_threshold)
