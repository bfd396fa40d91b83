"""``python -m evaluation --models FOLDER``: makes the data, scores it, and writes the card. ``make eval`` calls it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from evaluation import corpus, report, scores
from evaluation.card import rows_of
from evaluation.packages import DataMissing
from guardian_models.errors import ModelError
from guardian_models.folder import default_folder
from guardian_models.runtime import load


def main() -> int:
    """Run the evaluation; 0: the card is written, 1: something is missing, and what."""
    arguments = _arguments()
    started = time.monotonic()
    try:
        model = load(arguments.models, arguments.model)
        clips = corpus.clips(arguments.seed, workers=arguments.workers)
        _say(started, f"{len(clips)} clips")
        measured = scores.run("measures-v1", scores.measures, clips, arguments.workers)
        scored = scores.run(scores.name_of(model), scores.of_model(model), clips, arguments.workers)
    except (DataMissing, ModelError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    _say(started, "scored")
    run = report.Run(arguments.seed, model.manifest.id, model.manifest.sha256, corpus.digest(clips))
    arguments.out.write_text(report.text(rows_of(clips, scored, measured), run), "utf-8")
    _say(started, f"{arguments.out} is written")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("--models", type=Path, default=default_folder(), help="folder of models, see `guardian models`")
    parser.add_argument("--model", default="asvspoof5-aasist", help="which of them")
    parser.add_argument("--seed", type=int, default=corpus.SEED)
    parser.add_argument("--workers", type=int, default=2, help="threads")
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    return parser.parse_args()


def _say(started: float, what: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {what}\n")


if __name__ == "__main__":
    sys.exit(main())
