"""``python -m evaluation``: makes the data, lets each model hear it, and writes the cards. ``make eval`` calls it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audio_analyzer.domain import Limits
from guardian_models import folder as models_folder
from guardian_models.errors import ModelError
from guardian_models.manifest import Calibration, Domain, Manifest
from guardian_models.runtime import load
from ml.common.packages import DataMissing
from ml.voice.data import corpus, splits
from ml.voice.evaluate import card, scores, tables
from ml.voice.train.fitting import ID, OWN_MODELS

_DOCS: Final = Path("docs/cards")
_CARDS: Final = {ID: "voice-texture.md", "asvspoof5-aasist": "asvspoof5-aasist.md"}
# Our own learnt from noise down to 18 dB; for AASIST much fainter noise is enough to take people for machines.
_LIMITS: Final = {ID: Limits(min_snr_db=15.0), "asvspoof5-aasist": Limits(min_snr_db=32.0)}
_ABOUT: Final = {
    ID: "This is our own model: three small networks, whose answers are averaged. Each learnt from the recordings of "
    "two folds; what is told of a recording, or of a copy of one, is said by the one that never met its source and "
    "speaker. Of attacks there are two sets of figures. **Known**: the network learnt from other sentences of the same "
    "family, and where a family has one voice, of the same voice; this is what is shipped, against attacks of these "
    "kinds. **New**: networks made the same way, which never met the family, nor those of its fold. Most of these met "
    "a relative (`evaluation/splits.py` names them): expect less of an attack that is related to none of them.",
    "asvspoof5-aasist": "The model was trained by its publishers on other data: every clip here is new to it.",
}


def main() -> int:
    """Run the evaluation; 0: the cards are written, 1: something is missing, and what."""
    arguments = _arguments()
    started = time.monotonic()
    try:
        clips = corpus.clips(arguments.seed, workers=arguments.workers)
        _say(started, f"{len(clips)} clips")
        for name, folder in ((ID, OWN_MODELS), *((each, arguments.models) for each in arguments.model)):
            manifest = models_folder.read_manifest(folder, name)
            run = card.Run(arguments.seed, name, manifest.sha256, corpus.digest(clips), _ABOUT[name])
            path, limits = _DOCS / _CARDS[name], _LIMITS[name]
            if name == ID:
                rows, strangers = _heard_by_own(clips, folder, manifest, arguments.workers)
                path.write_text(card.text(rows, run, limits, strangers), "utf-8")
                _calibrate(folder, manifest, rows, path)
            else:
                model = load(folder, name)
                numbers = scores.run(scores.name_of(manifest), scores.of_model(model), clips, arguments.workers)
                path.write_text(card.text(tables.rows_of(clips, numbers), run, limits), "utf-8")
            _say(started, f"{path} is written")
    except (DataMissing, ModelError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _heard_by_own(
    clips: Sequence[corpus.Clip], folder: Path, manifest: Manifest, workers: int
) -> tuple[list[tables.Row], list[tables.Row]]:
    """Let our own model's networks hear each their fold: first those that are shipped, then the strangers."""
    content = models_folder.read_model(folder, manifest)
    result = []
    for first in (0, len(splits.FOLDS)):
        numbers: dict[str, dict[str, float]] = {}
        for fold in splits.FOLDS:
            mine = [clip for clip in clips if clip.fold == fold]
            scorer = scores.of_model(scores.Member(manifest, content, first + fold))
            numbers |= scores.run(f"{scores.name_of(manifest)}-{first + fold}", scorer, mine, workers)
        result.append(tables.rows_of(clips, numbers))
    return result[0], result[1]


def _calibrate(folder: Path, manifest: Manifest, rows: Sequence[tables.Row], path: Path) -> None:
    """Write what was measured into our own model's manifest."""
    limits = _LIMITS[ID]
    found = tables.calibrate(rows, limits)
    changed = manifest.model_copy(
        update={
            "calibration": Calibration(
                slope=found.slope,
                intercept=found.intercept,
                threshold=found.threshold,
                strict_threshold=found.strict,
                reference=found.reference,
            ),
            "domain": Domain(
                min_snr_db=limits.min_snr_db,
                min_bandwidth_hz=limits.min_bandwidth_hz,
                min_speech_seconds=limits.min_speech_seconds,
            ),
            "eval_card": str(path),
        }
    )
    models_folder.write(folder, changed, models_folder.read_model(folder, manifest))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    default = models_folder.default_folder()
    parser.add_argument("--models", type=Path, default=default, help="folder of further models, see `guardian models`")
    parser.add_argument("--model", action="append", choices=[name for name in _CARDS if name != ID], default=[])
    parser.add_argument("--seed", type=int, default=corpus.SEED)
    parser.add_argument("--workers", type=int, default=2, help="threads")
    return parser.parse_args()


def _say(started: float, what: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {what}\n")


if __name__ == "__main__":
    sys.exit(main())
