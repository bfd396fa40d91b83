"""``python -m ml.video --seed 1``: measure the video detectors and write docs/cards/video.md."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from analyzer_kit.analysis import Caps
from ml.common.paths import repo_root
from ml.video.card import card
from ml.video.measures import Outcome
from ml.video.trials import Trial, trials
from video_analyzer.analysis import analyze

TARGET = repo_root() / "docs" / "cards" / "video.md"


def main() -> None:
    """Evaluate the detectors and write the card."""
    parser = argparse.ArgumentParser(prog="python -m ml.video", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    with tempfile.TemporaryDirectory() as folder:
        plot = Path(folder) / "plot.png"
        outcomes = [_outcome(trial, plot) for trial in trials(seed) if not trial.file.endswith(".mpg")]
    TARGET.write_text(card(outcomes, seed))


def _outcome(trial: Trial, plot: Path) -> Outcome:
    """Analyse one file in one thread."""
    report = analyze(Path(trial.file), plot, Caps(threads=1), lambda _stage, _fraction: None)
    return Outcome(trial, report.verdict, {detector.name: detector for detector in report.detectors})


if __name__ == "__main__":
    main()
