"""Fit the networks of our own model.

Six small networks are in the model file. The three source-held-out networks, one for each fold of the recordings, learn
from the recordings of the other two folds and from every attack family; their mean is the answer. So for each recording
there is a network that never learned from its source, and the logits of that network set the thresholds. The three
family-held-out networks also leave out the attack families of their fold. They have no part in the answer: the
evaluation uses them to measure attacks that are new to a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from guardian_models.folder import file_name
from guardian_models.manifest import AudioWindow, Embedding, Logits, SoundManifest, WeightsSource
from ml.common.paths import repo_root
from ml.voice.data import splits
from ml.voice.data.sound import rng
from ml.voice.train import texture
from ml.voice.train.training_data import TrainingClip

ID: Final = "voice-texture"
OWN_MODELS: Final = repo_root() / "analyzers/audio/src/audio_analyzer/models"
VARIANTS: Final = 8
"""Augmented variants of each training clip."""

_HIDDEN: Final = 96
_EPOCHS: Final = 60
_BATCH: Final = 256
_RATE: Final = 1e-3
_DECAY: Final = 3e-3
_DROPOUT: Final = (0.3, 0.5)  # of measures, of hidden values
_SMOOTHING: Final = 0.05
_SOURCE: Final = "trained by ml/voice/train on recordings and voices that packages ship: see the card"

Numbers = npt.NDArray[np.float32]


def manifest_of(model: bytes, clips: Sequence[TrainingClip]) -> SoundManifest:
    """Return the manifest of a new model, without a calibration."""
    checksum = hashlib.sha256(model).hexdigest()
    names = hashlib.sha256("\n".join(clip.name for clip in clips).encode()).hexdigest()
    return SoundManifest(
        id=ID,
        file=file_name(ID, checksum),
        sha256=checksum,
        source=WeightsSource(url=_SOURCE, sha256=names),
        input=AudioWindow(name=texture.INPUT, sample_rate=texture.RATE, samples=texture.SAMPLES),
        logits=Logits(name="logits", classes=("synthetic", "recorded"), fake_index=0),
        embedding=Embedding(name="embedding", size=2 * len(splits.FOLDS)),
        licence="Apache-2.0",
        copyright="© the authors of Silver Guardian",
    )


def member(
    clips: Sequence[TrainingClip], values: Numbers, fold: splits.Fold, seed: int, *, family_held_out: bool = False
) -> texture.Member:
    """Train a network without the recordings of a fold and without copies of them.

    Args:
        clips: training clips.
        values: measures, ``[clips, variants, measures]``.
        fold: to leave out.
        seed: of the random numbers.
        family_held_out: also leave out the attack families of the fold.
    """
    taken = np.array(
        [fold != clip.recording_fold and not (family_held_out and fold == clip.family_fold) for clip in clips]
    )
    selected = [clip for clip, is_taken in zip(clips, taken, strict=True) if is_taken]
    variants = values.shape[1]
    x = values[taken].reshape(-1, values.shape[2])
    y = np.repeat([float(clip.synthetic) for clip in selected], variants)
    weight = np.repeat(_weights(selected), variants)
    mean = np.average(x, axis=0, weights=weight)
    scale = 1 / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight) + 1e-6)
    standard = np.clip((x - mean) * scale, -texture.LIMIT, texture.LIMIT).astype(np.float32)
    layers = _fit(standard, y.astype(np.float32), weight, rng(seed, "member", fold, family_held_out))
    return texture.Member(mean.astype(np.float32), scale.astype(np.float32), layers)


def _weights(clips: Sequence[TrainingClip]) -> npt.NDArray[np.float64]:
    """Return a weight for each clip: classes have equal weight, groups in a class the square root of their size."""
    weight = np.zeros(len(clips))
    for synthetic in (False, True):
        counts: dict[str, int] = {}
        for clip in clips:
            if clip.synthetic is synthetic:
                counts[clip.group] = counts.get(clip.group, 0) + 1
        for index, clip in enumerate(clips):
            if clip.synthetic is synthetic:
                weight[index] = counts[clip.group] ** -0.5
        of_class = np.array([clip.synthetic is synthetic for clip in clips])
        weight[of_class] /= weight[of_class].sum()
    return weight


def _fit(
    x: Numbers, y: Numbers, weight: npt.NDArray[np.float64], random: np.random.Generator
) -> list[tuple[Numbers, Numbers]]:
    """Fit a network with one hidden layer: Adam (Kingma and Ba 2015), dropout, weight decay, label smoothing."""
    size = x.shape[1]
    parameters = [
        random.normal(0, size**-0.5, (size, _HIDDEN)).astype(np.float32),
        np.zeros(_HIDDEN, np.float32),
        random.normal(0, _HIDDEN**-0.5, (_HIDDEN, 1)).astype(np.float32),
        np.zeros(1, np.float32),
    ]
    first, second = [np.zeros_like(array) for array in parameters], [np.zeros_like(array) for array in parameters]
    chance = weight / weight.sum()
    target = y * (1 - 2 * _SMOOTHING) + _SMOOTHING
    steps = _EPOCHS * len(x) // _BATCH
    for step in range(1, steps + 1):
        drawn = random.choice(len(x), _BATCH, p=chance)
        gradients = _gradients(parameters, x[drawn], target[drawn], random)
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for index, gradient in enumerate(gradients):
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.999 * second[index] + 0.001 * gradient**2
            move = first[index] / (1 - 0.9**step) / (np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8)
            decay = _DECAY * parameters[index] * (parameters[index].ndim > 1)
            parameters[index] = (parameters[index] - rate * (move + decay)).astype(np.float32)
    return [(parameters[0], parameters[1]), (parameters[2], parameters[3])]


def _gradients(
    parameters: Sequence[Numbers], x: Numbers, target: Numbers, random: np.random.Generator
) -> list[Numbers]:
    """Return the gradients of the cross entropy of one batch, with dropout of measures and of hidden values."""
    x = x * (random.random(x.shape) > _DROPOUT[0]) / (1 - _DROPOUT[0])
    before = x @ parameters[0] + parameters[1]
    kept = (random.random(before.shape) > _DROPOUT[1]) / (1 - _DROPOUT[1])
    hidden = np.maximum(before, 0) * kept
    error = (1 / (1 + np.exp(-(hidden @ parameters[2] + parameters[3]))) - target[:, None]) / len(x)
    back = error @ parameters[2].T * kept * (before > 0)
    return [(x.T @ back), back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
