"""Fine-tune with pairs: ``python -m ml.voice.train.pairing``, the second half of ``make tune``.

The networks of :mod:`ml.voice.train.tuning` go on. Each example is a stretch of a clip and what a messenger leaves of
it; both have to be told, and a copy of a person must not score higher than its original: coders of a low rate lift the
scores of people. What ships is the mean of the three networks, all of the way. An interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Final

import numpy as np
import torch
import torch.nn.functional as f

from ml.common.packages import DataMissing
from ml.voice.data import doubles, published
from ml.voice.data.sound import Sound, rng
from ml.voice.train import copies, messengers, tuned, tuning
from ml.voice.train.tuning import Run, TrainingClips

STEPS: Final = 70
_PAIRS, _AT_ONCE = 12, 2
_RATE, _WARM_UP = 2e-4, 10
_CHANGED: Final = 0.5
"""Share of the originals that are themselves copies through coders, rooms and noise."""
_LIFT: Final = 0.5
"""Weight of how much higher than its original a copy of a person scores, squared."""
_LEVEL_DB: Final = 3.0
_EVEN: Final = 0.5
"""Of what the network shall say; below it is a person."""


def main() -> int:
    """Train the network of each fold that is not in the cache, and tell their mean; return 0, or 1 without data."""
    parser = argparse.ArgumentParser(prog="python -m ml.voice.train.pairing", description=__doc__)
    parser.add_argument("--seed", type=int, default=tuned.SEED)
    seed = parser.parse_known_args()[0].seed
    torch.set_num_threads(1)
    try:
        found = published.wide(doubles.once(published.clips(published.folder())))
        variants = copies.made(found, seed)
        for fold in range(published.FOLDS):
            path = tuned.path_of(seed, fold)
            if not path.exists():
                training = TrainingClips(found, tuned.split(seed, fold), variants)
                run = tuning.begin(tuned.of_fold(seed, fold, tuned.ALONE), rng(seed, "tune3", fold), seed + fold)
                tuned.write(path, tuning.go(run, path, STEPS, partial(_step, training)))
    except DataMissing as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    sys.stderr.write(f"numbers of the mean: sha256 {tuned.digest(tuned.mean(seed))}\n")
    return 0


def _step(training: TrainingClips, run: Run) -> float:
    """Take one step; return the loss."""
    tuning.prepare(run, STEPS, _RATE, _WARM_UP)
    clips, targets = training.drawn(_PAIRS, run.random)
    pairs = [_pair(training, clip, run.random) for clip in clips]
    wanted = torch.tensor(targets, dtype=torch.float32)
    total = 0.0
    for first in range(0, _PAIRS, _AT_ONCE):
        some, target = pairs[first : first + _AT_ONCE], wanted[first : first + _AT_ONCE]
        sounds = np.stack([*(original for original, _ in some), *(copy for _, copy in some)])
        odds = tuning.odds(run, torch.tensor(sounds))
        person = target < _EVEN
        lift = torch.relu(odds[_AT_ONCE:] - odds[:_AT_ONCE]) ** 2 * person
        told = f.binary_cross_entropy_with_logits(odds, torch.cat([target, target]))
        loss = (told + _LIFT * lift.mean()) * _AT_ONCE / _PAIRS
        loss.backward()
        total += float(loss.detach())
    tuning.learn(run)
    return total


def _pair(training: TrainingClips, clip: int, random: np.random.Generator) -> tuple[Sound, Sound]:
    """Return a stretch of a clip, and what a messenger leaves of it, a little louder or softer."""
    original = training.crop(clip, _CHANGED, random)
    copy = messengers.copy(original, random)
    gain = 10 ** (random.uniform(-_LEVEL_DB, _LEVEL_DB) / 20)
    return original, np.clip(copy * gain, -1, 1).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
