"""``python -m ml.voice.evaluate``: make the corpus, score it with each model, and write the cards."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from audio_analyzer.domain import Limits
from guardian_models import folder as models_folder
from guardian_models.errors import ModelError, ModelMissing
from guardian_models.manifest import Calibration, Domain, SoundManifest
from guardian_models.runtime import Model, load
from ml.common.packages import DataMissing
from ml.voice.data import corpus, doubles, published, sent, splits
from ml.voice.evaluate import card, changed, heard, joined_card, judging, published_card, scores
from ml.voice.train import joining, tuned, wideband
from ml.voice.train.fitting import ID, OWN_MODELS

_CARDS: Final = {name: f"docs/cards/{name}.md" for name in (ID, "asvspoof5-aasist")}
# Our own model learned with noise down to 18 dB. AASIST takes people for machines in much fainter noise.
_LIMITS: Final = {ID: Limits(min_snr_db=15.0), "asvspoof5-aasist": Limits(min_snr_db=32.0)}
ABOUT: Final = {
    ID: "This is our own model: three small networks, whose answers are averaged. Each learned from the recordings of "
    "two folds. The figures about a recording, or about a copy of one, come from the network that did not learn from "
    "its source and speaker. For attacks there are two sets of figures. **Known**: the network learned from other "
    "sentences of the same family, and, where a family has one voice, of the same voice; these figures are those of "
    "the shipped model on attacks of these families. **New**: the networks are made in the same way, but learned "
    "neither from the family nor from any other of its fold. Most of them learned from a related family "
    "(`ml/voice/data/splits.py` names them): expect less on an attack that is related to none of them.",
    "asvspoof5-aasist": "The model was trained by its publishers on other data: every clip here is new to it.",
}


def main() -> int:
    """Run the evaluation; return 0 if the cards are written, 1 if data or a model is missing."""
    arguments = _arguments()
    started = time.monotonic()
    try:
        _wideband(arguments.tuned, arguments.workers)
        _report(started, f"{wideband.CARD} is written")
    except (DataMissing, ModelMissing) as error:
        _report(started, f"{wideband.CARD} stays as it is, `make train` joins the model: {error}")
    if arguments.wideband_only:
        return 0
    try:
        _published(arguments.workers)
        _report(started, f"{published_card.CARD} is written")
    except DataMissing as error:
        _report(started, f"{published_card.CARD} stays as it is: {error}")
    if arguments.published_only:
        return 0
    try:
        clips = corpus.clips(arguments.seed, workers=arguments.workers)
        _report(started, f"{len(clips)} clips")
        for name, folder in ((ID, OWN_MODELS), *((name, arguments.models) for name in arguments.model)):
            manifest = models_folder.read_manifest(folder, name, SoundManifest)
            run = card.Run(arguments.seed, name, manifest.sha256, corpus.digest(clips), ABOUT[name])
            path, limits = Path(_CARDS[name]), _LIMITS[name]
            if name == ID:
                shipped, family_held_out = _scored_by_own_model(clips, folder, manifest, arguments.workers)
                measured = judging.calibrate(shipped, limits)
                run = replace(run, strict=judging.shipped_strict(measured))
                path.write_text(card.text(shipped, run, limits, family_held_out), "utf-8")
                _calibrate(folder, manifest, measured, path)
            else:
                model = load(folder, name)
                numbers = scores.run(scores.name_of(manifest), scores.of_model(model), clips, arguments.workers)
                path.write_text(card.text(judging.scored_clips(clips, numbers), run, limits), "utf-8")
            _report(started, f"{path} is written")
    except (DataMissing, ModelError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _wideband(seed: int, workers: int) -> None:
    """Write the card of the wideband model, which `make train` joined before."""
    manifest = models_folder.read_manifest(OWN_MODELS, wideband.ID, SoundManifest)
    everything = published.clips(published.folder())
    once = doubles.once(everything)
    drawn = dict.fromkeys(trial.clip for trial in sent.trials(once))
    tried = wideband.tried(seed, workers)
    refitted = joining.fit(tried).calibration
    run = changed.Run(manifest, tuned.digest(tuned.mean(seed)), refitted, everything, once)
    Path(wideband.CARD).write_text(joined_card.text(run, list(drawn), joining.judge(tried)), "utf-8")


def _published(workers: int) -> None:
    """Write the card of what our own model says of published speech."""
    manifest = models_folder.read_manifest(OWN_MODELS, ID, SoundManifest)
    model = Model(manifest, models_folder.read_model(OWN_MODELS, manifest))
    everything = published.clips(published.folder())
    once = doubles.once(everything)
    clips = heard.hear(model, once, workers)
    Path(published_card.CARD).write_text(published_card.text(clips, manifest, len(everything) - len(once)), "utf-8")


def _scored_by_own_model(
    clips: Sequence[corpus.Clip], folder: Path, manifest: SoundManifest, workers: int
) -> tuple[list[judging.ScoredClip], list[judging.ScoredClip]]:
    """Score each fold with its source-held-out network, and with its family-held-out network."""
    content = models_folder.read_model(folder, manifest)
    result = []
    for first in (0, len(splits.FOLDS)):
        numbers: dict[str, dict[str, float]] = {}
        for fold in splits.FOLDS:
            of_fold = [clip for clip in clips if clip.fold == fold]
            scorer = scores.of_model(scores.Member(manifest, content, first + fold))
            numbers |= scores.run(f"{scores.name_of(manifest)}-{first + fold}", scorer, of_fold, workers)
        result.append(judging.scored_clips(clips, numbers))
    return result[0], result[1]


def _calibrate(folder: Path, manifest: SoundManifest, measured: judging.Calibration, path: Path) -> None:
    """Write calibration, domain and card into our own model's manifest."""
    limits = _LIMITS[ID]
    changed = manifest.model_copy(
        update={
            "calibration": Calibration(
                slope=measured.slope,
                intercept=measured.intercept,
                threshold=measured.threshold,
                strict_threshold=judging.shipped_strict(measured),
                reference=measured.reference,
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
    parser = argparse.ArgumentParser(prog="python -m ml.voice.evaluate", description=__doc__)
    default = models_folder.default_folder()
    parser.add_argument("--models", type=Path, default=default, help="folder of further models, see `guardian models`")
    parser.add_argument("--model", action="append", choices=[name for name in _CARDS if name != ID], default=[])
    parser.add_argument("--tuned", type=int, default=tuned.SEED, help="seed of the fine-tuned networks")
    parser.add_argument("--published-only", action="store_true", help="only what is measured on published speech")
    parser.add_argument("--wideband-only", action="store_true", help="of that, only the card of the wideband model")
    parser.add_argument("--seed", type=int, default=corpus.SEED)
    parser.add_argument("--workers", type=int, default=2, help="number of threads")
    return parser.parse_args()


def _report(started: float, message: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {message}\n")


if __name__ == "__main__":
    sys.exit(main())
