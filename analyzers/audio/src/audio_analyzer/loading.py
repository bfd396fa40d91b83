"""The models that the analyzer uses: its own, and those for sound of the configured folder."""

from __future__ import annotations

from pathlib import Path

from analyzer_kit.analysis import Models
from analyzer_kit.errors import Misconfigured
from analyzer_kit.media.audio import SAMPLE_RATE
from guardian_models.choice import choose
from guardian_models.errors import ModelError
from guardian_models.folder import names, read_model
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model

OWN_MODELS = Path(__file__).parent / "models"
"""What the package brings along."""


def load_models(models: Models, threads: int, own: Path = OWN_MODELS) -> list[Model]:
    """Return the package's own models, and those of the configured folder: the named ones, or all for sound.

    Args:
        models: the folder, and which of its models.
        threads: for one window.
        own: where the package's own models are.

    Raises:
        Misconfigured: one is missing, not the one that its manifest names, or cannot be loaded.
    """
    folder = Path(models.folder) if models.folder else None
    try:
        chosen = choose(SoundManifest, folder, models.ids, own)
        if folder is not None and not models.ids and not names(folder):
            raise Misconfigured(f"There are no models in {folder}. `guardian models import` makes them.")
        for _, manifest in chosen:
            if manifest.input.sample_rate != SAMPLE_RATE:
                rate = manifest.input.sample_rate
                raise Misconfigured(f"{manifest.id} takes sound of {rate} Hz, not of {SAMPLE_RATE}.")
        return [Model(manifest, read_model(place, manifest), threads) for place, manifest in chosen]
    except ModelError as error:
        raise Misconfigured(str(error)) from error
