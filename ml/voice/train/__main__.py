"""``python -m ml.voice.train``: train the texture's networks on packages, and join them with the fine-tuned AASIST.

The first part needs packages only. The second one needs a folder of published speech, and the
networks that `make tune` trained before; without them nothing is joined, and the program says so. Scores are kept in
the cache, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
import time

from guardian_models.folder import write
from ml.common.packages import DataMissing
from ml.voice.data import splits
from ml.voice.data.corpus import SEED
from ml.voice.train import fitting, texture, training_data, tuned, wideband


def main() -> int:
    """Train; return 0 if all is written that could be, 1 if data is missing."""
    parser = argparse.ArgumentParser(prog="python -m ml.voice.train", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2, help="number of threads and processes")
    parser.add_argument("--join-only", action="store_true", help="keep the texture's networks, and join them again")
    parser.add_argument("--tuned", type=int, default=tuned.SEED, help="seed of the fine-tuned networks")
    arguments = parser.parse_args()
    started = time.monotonic()
    if not arguments.join_only:
        try:
            _train_texture(arguments.seed, arguments.workers, started)
        except DataMissing as error:
            sys.stderr.write(f"Error: {error}\n")
            return 1
    try:
        path = wideband.make(arguments.tuned, arguments.workers)
    except DataMissing as error:
        _report(started, f"{wideband.ID} is not joined: {error}")
        return int(arguments.join_only)
    _report(started, f"{path} is written")
    return 0


def _train_texture(seed: int, workers: int, started: float) -> None:
    clips, values = training_data.measures(seed, fitting.VARIANTS, workers)
    _report(started, f"{len(clips)} training clips, {fitting.VARIANTS} variants of each")
    source_held_out = [fitting.member(clips, values, fold, seed) for fold in splits.FOLDS]
    family_held_out = [fitting.member(clips, values, fold, seed, family_held_out=True) for fold in splits.FOLDS]
    model = texture.build(source_held_out, family_held_out)
    write(fitting.OWN_MODELS, fitting.manifest_of(model, clips), model)
    _report(started, f"{len(model) / 1e6:.1f} MB in {fitting.OWN_MODELS}")


def _report(started: float, message: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {message}\n")


if __name__ == "__main__":
    sys.exit(main())
