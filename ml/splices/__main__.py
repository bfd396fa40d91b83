"""``python -m ml.splices --seed 1``: measure the splice detector and write docs/cards/splices.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from audio_analyzer.background import BackgroundMeter
from audio_analyzer.detectors.splices import find_splices
from ml.common.paths import repo_root
from ml.splices.card import Case, card
from ml.splices.trials import HELD_OUT, RATE, TUNING, trials

TARGET = repo_root() / "docs" / "cards" / "splices.md"


def main() -> None:
    """Evaluate the detector and write the card."""
    parser = argparse.ArgumentParser(prog="python -m ml.splices", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    TARGET.write_text(card(list(_cases(TUNING, seed)), list(_cases(HELD_OUT, seed)), seed))


def _cases(sources: tuple[str, ...], seed: int) -> Iterator[Case]:
    """Yield the detector's answers; it gets the samples in blocks, as in the analyzer."""
    for trial in trials(sources, seed):
        meter = BackgroundMeter()
        for start in range(0, trial.samples.size, 10 * RATE):
            meter.add(trial.samples[start : start + 10 * RATE])
        yield Case(trial, find_splices(meter.result()))


if __name__ == "__main__":
    main()
