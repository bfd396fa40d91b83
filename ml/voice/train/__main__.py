"""``python -m ml.voice.train``: make the training data, train our own model, and write it into the audio analyzer."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from guardian_models.folder import write
from ml.common.packages import DataMissing
from ml.voice.data import splits
from ml.voice.data.corpus import SEED
from ml.voice.train import fitting, texture, training_data


def main() -> int:
    """Train; return 0 if the model is written, 1 if data is missing."""
    parser = argparse.ArgumentParser(prog="python -m ml.voice.train", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2, help="number of threads and processes")
    parser.add_argument("--out", type=Path, default=fitting.OWN_MODELS, help="folder of models")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        clips, values = training_data.measures(arguments.seed, fitting.VARIANTS, arguments.workers)
    except DataMissing as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    _report(started, f"{len(clips)} training clips, {fitting.VARIANTS} variants of each")
    source_held_out = [fitting.member(clips, values, fold, arguments.seed) for fold in splits.FOLDS]
    family_held_out = [
        fitting.member(clips, values, fold, arguments.seed, family_held_out=True) for fold in splits.FOLDS
    ]
    model = texture.build(source_held_out, family_held_out)
    write(arguments.out, fitting.manifest_of(model, clips), model)
    _report(started, f"{len(model) / 1e6:.1f} MB in {arguments.out}")
    return 0


def _report(started: float, message: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {message}\n")


if __name__ == "__main__":
    sys.exit(main())
