"""The fine-tuned networks as they lie in the cache, one for each fold, and their mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from guardian_models import weights
from guardian_models.catalogue import ASVSPOOF5_AASIST
from guardian_models.weights import Array
from ml.common.packages import DataMissing
from ml.common.packages import folder as cache
from ml.common.paths import repo_root
from ml.voice.data import published

SEED: Final = 14
VERSION: Final = 1
"""Raise it when the networks in the cache must not be used any more."""
ALONE, PAIRED = "tuned", "paired"
"""Networks after examples of one stretch each, and those that went on with pairs: what is used."""
AASIST_WEIGHTS: Final = repo_root().parent / "shared/models/asvspoof5-aasist.pth"


@dataclass(frozen=True)
class Split:
    """The names of the clips that a fold's network is measured on, and of those that it learned from."""

    held: frozenset[str]
    learned: frozenset[str]


def published_arrays(path: Path) -> dict[str, Array]:
    """Return the numbers that the networks start from.

    Raises:
        DataMissing: the file is not there, or another one.
    """
    if not path.is_file():
        raise DataMissing(f"no AASIST weights: {path} is missing; docs/models.md says where they are published")
    content = weights.read_bytes(path)
    if hashlib.sha256(content).hexdigest() != ASVSPOOF5_AASIST.sha256:
        raise DataMissing(f"{path} is not the file of ASVspoof 5 that docs/models.md names")
    return weights.read_arrays(content)


def path_of(seed: int, fold: int, stage: str = PAIRED) -> Path:
    """Return where the numbers of a fold's network are."""
    return cache() / "published" / f"{stage}-v{VERSION}-{seed}-{fold}.npz"


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write the numbers of a network."""
    unfinished = path.with_suffix(".partial.npz")
    np.savez(unfinished, allow_pickle=False, **arrays)
    unfinished.replace(path)


def of_fold(seed: int, fold: int, stage: str = PAIRED) -> dict[str, Array]:
    """Return the numbers of the network that learned nothing of a fold.

    Raises:
        DataMissing: it was not trained.
    """
    path = path_of(seed, fold, stage)
    if not path.exists():
        raise DataMissing(f"{path.name} is not in the cache; `make tune` trains it")
    return weights.read_arrays(path.read_bytes())


def split(seed: int, fold: int) -> Split:
    """Return what the network learned from that learned nothing of a fold.

    Raises:
        DataMissing: it was not trained.
    """
    path = _split_path(seed, fold)
    if not path.exists():
        raise DataMissing(f"{path.name} is not in the cache; `make tune` writes it")
    stored = json.loads(path.read_text("utf-8"))
    return Split(frozenset(stored["held"]), frozenset(stored["learned"]))


def write_split(seed: int, fold: int, found: Sequence[published.Clip]) -> None:
    """Write down which clips the network of a fold is measured on, and which it may learn from."""
    fold_of = published.folds(found)
    held = [clip.name for clip, of in zip(found, fold_of, strict=True) if of == fold]
    learned = [found[index].name for index in published.learners(found, fold_of, fold)]
    _split_path(seed, fold).write_text(json.dumps({"held": held, "learned": learned}), "utf-8")


def _split_path(seed: int, fold: int) -> Path:
    return cache() / "published" / f"split-v{VERSION}-{seed}-{fold}.json"


def _as(array: Array, numbers: npt.NDArray[Any]) -> Array:
    """Return numbers in the type of an array."""
    if np.issubdtype(array.dtype, np.integer):
        return np.asarray(numbers, np.int64)
    return np.asarray(numbers, np.float32)


def mean(seed: int) -> dict[str, Array]:
    """Return the mean of the networks' numbers.

    Raises:
        DataMissing: one was not trained.
    """
    networks = [of_fold(seed, fold) for fold in range(published.FOLDS)]
    return {
        name: _as(array, np.mean([network[name] for network in networks], axis=0))
        for name, array in networks[0].items()
    }


def digest(arrays: Mapping[str, Array]) -> str:
    """Return the sha256 of names, shapes, types and numbers."""
    return weights.digest(arrays)
