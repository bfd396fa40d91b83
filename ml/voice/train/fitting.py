"""``python -m evaluation.train``: makes the lessons, trains our own model, and writes it where the analyzer finds it.

What is shipped are three small networks, averaged, one for each fold of the recordings: it learns from the other two,
and from every attack family. So each recording has a network that never met its source, and what that one says sets
the thresholds. Three more, the strangers, never met a fold's families either; they only tell the evaluation how such a
network does on attacks that are new to it, and have no say in the answer. All six are in the file.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from guardian_models.folder import file_name, write
from guardian_models.manifest import AudioWindow, Embedding, Logits, Manifest, WeightsSource
from ml.common.packages import DataMissing
from ml.common.paths import repo_root
from ml.voice.data import splits
from ml.voice.data.corpus import SEED
from ml.voice.data.sound import rng
from ml.voice.train import texture
from ml.voice.train import training_data as lessons
from ml.voice.train.training_data import Lesson

ID: Final = "voice-texture"
OWN_MODELS: Final = repo_root() / "analyzers/audio/src/audio_analyzer/models"
VARIANTS: Final = 8
_HIDDEN: Final = 96
_EPOCHS: Final = 60
_BATCH: Final = 256
_RATE: Final = 1e-3
_DECAY: Final = 3e-3
_DROPOUT: Final = (0.3, 0.5)  # of measures, of hidden values
_SMOOTHING: Final = 0.05
_SOURCE: Final = "trained by evaluation/train.py on recordings and voices that packages ship: see the card"

Numbers = npt.NDArray[np.float32]


def main() -> int:
    """Train; 0: the model is written, 1: data is missing, and what."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.train", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2, help="threads and processes")
    parser.add_argument("--out", type=Path, default=OWN_MODELS, help="folder of models")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        every, values = lessons.measures(arguments.seed, VARIANTS, arguments.workers)
    except DataMissing as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {len(every)} lessons, {VARIANTS} times each\n")
    acquainted = [member(every, values, fold, arguments.seed) for fold in splits.FOLDS]
    strangers = [member(every, values, fold, arguments.seed, stranger=True) for fold in splits.FOLDS]
    model = texture.build(acquainted, strangers)
    write(arguments.out, manifest_of(model, every), model)
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {len(model) / 1e6:.1f} MB in {arguments.out}\n")
    return 0


def manifest_of(model: bytes, every: Sequence[Lesson]) -> Manifest:
    """Give the manifest of a new model: not calibrated yet."""
    checksum = hashlib.sha256(model).hexdigest()
    taught = hashlib.sha256("\n".join(one.name for one in every).encode()).hexdigest()
    return Manifest(
        id=ID,
        file=file_name(ID, checksum),
        sha256=checksum,
        source=WeightsSource(url=_SOURCE, sha256=taught),
        input=AudioWindow(name=texture.INPUT, sample_rate=texture.RATE, samples=texture.SAMPLES),
        logits=Logits(name="logits", classes=("synthetic", "recorded"), fake_index=0),
        embedding=Embedding(name="embedding", size=2 * len(splits.FOLDS)),
        licence="Apache-2.0",
        copyright="© the authors of Silver Guardian",
    )


def member(
    every: Sequence[Lesson], values: Numbers, fold: splits.Fold, seed: int, *, stranger: bool = False
) -> texture.Member:
    """Train the network that never meets a fold's recordings, nor copies of them.

    Args:
        every: the lessons.
        values: ``[lessons, variants, measures]``.
        fold: that is left out.
        seed: of everything that is drawn.
        stranger: leave the fold's attack families out too.
    """
    mine = np.array([fold != one.recording_fold and not (stranger and fold == one.family_fold) for one in every])
    kept = [one for one, taken in zip(every, mine, strict=True) if taken]
    variants = values.shape[1]
    x = values[mine].reshape(-1, values.shape[2])
    y = np.repeat([float(one.synthetic) for one in kept], variants)
    weight = np.repeat(_weights(kept), variants)
    mean = np.average(x, axis=0, weights=weight)
    scale = 1 / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight) + 1e-6)
    standard = np.clip((x - mean) * scale, -texture.LIMIT, texture.LIMIT).astype(np.float32)
    layers = _fitted(standard, y.astype(np.float32), weight, rng(seed, "member", fold, stranger))
    return texture.Member(mean.astype(np.float32), scale.astype(np.float32), layers)


def _weights(kept: Sequence[Lesson]) -> npt.NDArray[np.float64]:
    """Both classes weigh the same; within one a group weighs as the square root of its size."""
    weight = np.zeros(len(kept))
    for synthetic in (False, True):
        counts: dict[str, int] = {}
        for one in kept:
            if one.synthetic is synthetic:
                counts[one.group] = counts.get(one.group, 0) + 1
        for index, one in enumerate(kept):
            if one.synthetic is synthetic:
                weight[index] = counts[one.group] ** -0.5
        of_class = np.array([one.synthetic is synthetic for one in kept])
        weight[of_class] /= weight[of_class].sum()
    return weight


def _fitted(
    x: Numbers, y: Numbers, weight: npt.NDArray[np.float64], random: np.random.Generator
) -> list[tuple[Numbers, Numbers]]:
    """Fit a network with one hidden layer: Adam (Kingma and Ba 2015), dropout, decay of weights, smoothed labels."""
    size = x.shape[1]
    now = [
        random.normal(0, size**-0.5, (size, _HIDDEN)).astype(np.float32),
        np.zeros(_HIDDEN, np.float32),
        random.normal(0, _HIDDEN**-0.5, (_HIDDEN, 1)).astype(np.float32),
        np.zeros(1, np.float32),
    ]
    first, second = [np.zeros_like(each) for each in now], [np.zeros_like(each) for each in now]
    chance = weight / weight.sum()
    target = y * (1 - 2 * _SMOOTHING) + _SMOOTHING
    steps = _EPOCHS * len(x) // _BATCH
    for step in range(1, steps + 1):
        drawn = random.choice(len(x), _BATCH, p=chance)
        slopes = _slopes(now, x[drawn], target[drawn], random)
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for index, slope in enumerate(slopes):
            first[index] = 0.9 * first[index] + 0.1 * slope
            second[index] = 0.999 * second[index] + 0.001 * slope**2
            move = first[index] / (1 - 0.9**step) / (np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8)
            now[index] = (now[index] - rate * (move + _DECAY * now[index] * (now[index].ndim > 1))).astype(np.float32)
    return [(now[0], now[1]), (now[2], now[3])]


def _slopes(now: Sequence[Numbers], x: Numbers, target: Numbers, random: np.random.Generator) -> list[Numbers]:
    """Gradients of the cross entropy of one batch, measures and hidden values dropped at random."""
    x = x * (random.random(x.shape) > _DROPOUT[0]) / (1 - _DROPOUT[0])
    before = x @ now[0] + now[1]
    kept = (random.random(before.shape) > _DROPOUT[1]) / (1 - _DROPOUT[1])
    hidden = np.maximum(before, 0) * kept
    error = (1 / (1 + np.exp(-(hidden @ now[2] + now[3]))) - target[:, None]) / len(x)
    back = error @ now[2].T * kept * (before > 0)
    return [(x.T @ back), back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
