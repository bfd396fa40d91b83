"""Fine-tune AASIST on published speech: ``python -m ml.voice.train.tuning`` or ``make tune``.

Every layer learns, from the numbers that were published with ASVspoof 5 on. There is one network for each fold, which
learned from nothing of that fold: neither repository, system, lineage nor named speaker. Each sound is learned from
once (:mod:`ml.voice.data.doubles`), and what each network learned from is written beside it. An interrupted run goes
on.

:mod:`ml.voice.train.pairing` goes on from here with pairs; what that makes is used.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as f

from guardian_models.catalogue import ASVSPOOF5_AASIST, probe
from guardian_models.importing import TOLERANCE
from guardian_models.weights import Array
from ml.common.packages import DataMissing
from ml.voice.data import doubles, published
from ml.voice.data.sound import RATE, rng
from ml.voice.train import copies, tuned
from ml.voice.train.tunable import Network, Tensor

STEPS: Final = 100
_BATCH, _AT_ONCE = 24, 4
_CROP: Final = 2 * RATE
_RATE: Final = 3e-4
_RATE_AFTER_ENCODER: Final = 2.0  # times the rate
_RATE_OF_OFFSET: Final = 20.0
_WARM_UP: Final = 15
_LAST_RATE: Final = 0.05
_DROPOUT: Final = 0.3
_SMOOTHING: Final = 0.05
_SCALE, _OFFSET = 0.15, 1.0
"""Of the published score, as log odds: so the first steps need not move all scores."""
_PLAIN: Final = 0.25
"""Share of the crops that are from the clips as they are."""
_LARGEST_STEP: Final = 5.0  # norm of the gradient
_AVERAGED: Final = 0.97
"""What the mean of the numbers keeps at each step: about the last thirty count."""
_LEVEL: Final = (-26.0, 6.0)
"""In dB of full scale, and by how much crops are off it: AASIST's scores fall with loudness."""
_LOUD, _MOSTLY, _TRIES = 1e-3, 0.4, 4  # of the loudest frame's power; share of loud frames; draws
_SAVED_EVERY: Final = 120.0  # s


@dataclass
class Run:
    """What an interrupted run needs to go on."""

    network: Network
    offset: Any
    optimiser: Any
    mean: dict[str, Any]
    random: np.random.Generator
    step: int = 0

    def save(self, path: Path) -> None:
        """Write it."""
        torch.save(
            {
                "learned": {name: tensor.detach() for name, tensor in self.network.learned.items()},
                "offset": self.offset.detach(),
                "optimiser": self.optimiser.state_dict(),
                "mean": self.mean,
                "random": self.random.bit_generator.state,
                "dropout": torch.get_rng_state(),
                "step": self.step,
            },
            path.with_suffix(".partial"),
        )
        path.with_suffix(".partial").replace(path)

    def restore(self, path: Path) -> None:
        """Take what was written."""
        state = torch.load(path)
        with torch.no_grad():
            for name, tensor in state["learned"].items():
                self.network.learned[name].copy_(tensor)
            self.offset.copy_(state["offset"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.mean, self.step = state["mean"], state["step"]
        self.random.bit_generator.state = state["random"]
        torch.set_rng_state(state["dropout"])


def main() -> int:
    """Train the network of each fold that is not in the cache, and write their mean; return 0, or 1 without data."""
    parser = argparse.ArgumentParser(prog="python -m ml.voice.train.tuning", description=__doc__)
    parser.add_argument("--seed", type=int, default=tuned.SEED)
    parser.add_argument("--aasist", type=Path, default=tuned.AASIST_WEIGHTS, help="AASIST's published weights")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        start = _checked(tuned.published_arrays(arguments.aasist))
        found = published.wide(doubles.once(published.clips(published.folder())))
        variants = copies.made(found, arguments.seed)
        for fold in range(published.FOLDS):
            path = tuned.path_of(arguments.seed, fold, tuned.ALONE)
            if not path.exists():
                tuned.write_split(arguments.seed, fold, found)
                training = TrainingClips(found, tuned.split(arguments.seed, fold), variants)
                run = begin(start, rng(arguments.seed, "tuning", fold), arguments.seed + fold)
                tuned.write(path, go(run, path, STEPS, partial(_step, training)))
    except DataMissing as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _checked(start: dict[str, Array]) -> dict[str, Array]:
    """Return the numbers, if the network here makes of a known sound what the published one does."""
    sound = torch.tensor(probe(ASVSPOOF5_AASIST.input))[None]
    with torch.no_grad():
        logits = Network(start).logits(sound)[0].numpy()
    expected = np.array(ASVSPOOF5_AASIST.expected_logits)
    if np.abs(logits - expected).max() > TOLERANCE * np.abs(expected).max():
        raise DataMissing(f"the network to train answers {logits.tolist()} instead of {expected.tolist()}")
    return start


class TrainingClips:
    """Draws crops: both classes equally often, and a system or a source by the root of its number of clips."""

    def __init__(self, found: Sequence[published.Clip], split: tuned.Split, variants: Sequence[copies.Copies]) -> None:
        self._learners = [index for index, clip in enumerate(found) if clip.name in split.learned]
        self._variants = variants
        taken = [found[index] for index in self._learners]
        self._synthetic = np.array([clip.synthetic for clip in taken])
        groups = [(clip.repository, clip.family or clip.kind, clip.synthetic) for clip in taken]
        sizes = Counter(groups)
        weight = np.array([sizes[group] ** -0.5 for group in groups])
        for synthetic in (False, True):
            weight[self._synthetic == synthetic] /= weight[self._synthetic == synthetic].sum()
        self._chance = weight / weight.sum()

    def batch(self, random: np.random.Generator) -> tuple[Any, Any]:
        """Return sounds, ``[batch, samples]``, and what the network shall say of them."""
        clips, target = self.drawn(_BATCH, random)
        crops = [self.crop(clip, 1 - _PLAIN, random) for clip in clips]
        return torch.tensor(np.stack(crops)), torch.tensor(target, dtype=torch.float32)

    def drawn(self, count: int, random: np.random.Generator) -> tuple[list[int], npt.NDArray[np.float64]]:
        """Return numbers of clips, and what the network shall say of them."""
        drawn = random.choice(len(self._learners), count, p=self._chance)
        return [self._learners[index] for index in drawn], self._synthetic[drawn] * (1 - 2 * _SMOOTHING) + _SMOOTHING

    def crop(self, clip: int, changed: float, random: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return a stretch of a clip, in a share of the cases of a copy through coders, rooms and noise."""
        number = int(random.integers(1, len(self._variants))) if random.random() >= 1 - changed else 0
        return crop(self._variants[number].of(clip), random)


def crop(sound: copies.Pcm, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a stretch of a clip, most of it speech if there is such a one, at a level near the network's."""
    for _ in range(_TRIES):
        if len(sound) < _CROP:
            part = np.resize(sound, _CROP)
        else:
            start = int(random.integers(0, len(sound) - _CROP + 1))
            part = sound[start : start + _CROP]
        samples = part.astype(np.float32) / 32768
        power = (samples.reshape(-1, RATE // 50) ** 2).mean(axis=1)
        loud = power > power.max() * _LOUD
        if loud.mean() > _MOSTLY:
            break
    level, spread = _LEVEL
    wanted = np.float32(10 ** ((level + random.uniform(-spread, spread)) / 20))
    return np.asarray(np.clip(samples * wanted / np.sqrt(power[loud].mean() + 1e-12), -1, 1), np.float32)


def go(run: Run, path: Path, steps: int, step: Callable[[Run], float]) -> dict[str, Array]:
    """Return the numbers after so many steps: the mean of about the last thirty.

    Args:
        run: at its beginning.
        path: where the numbers will be; what an interrupted run needs is kept beside it.
        steps: how many.
        step: takes one, and returns the loss.
    """
    kept = path.with_suffix(".state")
    if kept.exists():
        run.restore(kept)
    saved, losses = time.monotonic(), []
    while run.step < steps:
        losses.append(step(run))
        if run.step % 10 == 0:
            sys.stderr.write(
                f"{path.stem} step {run.step} loss {np.mean(losses[-20:]):.3f} {time.process_time():.0f} s\n"
            )
        if time.monotonic() - saved > _SAVED_EVERY:
            run.save(kept)
            saved = time.monotonic()
    kept.unlink(missing_ok=True)
    return run.network.arrays() | {name: tensor.numpy() for name, tensor in run.mean.items()}


def begin(start: Mapping[str, Array], random: np.random.Generator, seed: int) -> Run:
    """Return a run that goes on from numbers; the seed is the dropout's."""
    torch.manual_seed(seed)
    network = Network(start, torch.bfloat16)
    offset = torch.tensor([_OFFSET], requires_grad=True)
    encoder = [tensor for name, tensor in network.learned.items() if name.startswith(("encoder.", "first_bn."))]
    later = [tensor for name, tensor in network.learned.items() if not name.startswith(("encoder.", "first_bn."))]
    groups = ((encoder, 1.0), (later, _RATE_AFTER_ENCODER), ([offset], _RATE_OF_OFFSET))
    optimiser = torch.optim.Adam([{"params": tensors, "times": times} for tensors, times in groups])
    mean = {name: tensor.detach().clone() for name, tensor in network.learned.items()}
    return Run(network, offset, optimiser, mean, random)


def odds(run: Run, sounds: Tensor, dropout: float = 0.0) -> Tensor:
    """Return the log odds of synthetic speech."""
    logits = run.network.logits(sounds, dropout)
    return _SCALE * (logits[:, 0] - logits[:, 1]) + run.offset


def prepare(run: Run, steps: int, rate: float, warm_up: int) -> None:
    """Set the rate of the step that follows, and forget the last one's gradient."""
    now = rate * min(1.0, (run.step + 1) / warm_up)
    now *= (1 - _LAST_RATE) * 0.5 * (1 + np.cos(np.pi * run.step / steps)) + _LAST_RATE
    for group in run.optimiser.param_groups:
        group["lr"] = now * group["times"]
    run.optimiser.zero_grad()


def learn(run: Run) -> None:
    """Take the step that the gradient says, and let the mean follow."""
    torch.nn.utils.clip_grad_norm_(run.network.learned.values(), _LARGEST_STEP)
    run.optimiser.step()
    kept = min(_AVERAGED, (run.step + 1) / (run.step + 10))
    with torch.no_grad():
        for name, tensor in run.network.learned.items():
            run.mean[name].mul_(kept).add_(tensor, alpha=1 - kept)
    run.step += 1


def _step(training: TrainingClips, run: Run) -> float:
    """Take one step; return the loss."""
    prepare(run, STEPS, _RATE, _WARM_UP)
    sounds, targets = training.batch(run.random)
    total = 0.0
    for first in range(0, _BATCH, _AT_ONCE):
        said = odds(run, sounds[first : first + _AT_ONCE], _DROPOUT)
        loss = f.binary_cross_entropy_with_logits(said, targets[first : first + _AT_ONCE]) * _AT_ONCE / _BATCH
        loss.backward()
        total += float(loss.detach())
    learn(run)
    return total


if __name__ == "__main__":
    sys.exit(main())
