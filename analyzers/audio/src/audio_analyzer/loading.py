"""The models that the analyzer uses: its own, and those of the configured folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from analyzer_kit.analysis import Models
from analyzer_kit.errors import Misconfigured
from analyzer_kit.media.audio import SAMPLE_RATE
from guardian_models.errors import ModelError, OtherKind
from guardian_models.folder import names, read_manifest
from guardian_models.manifest import Manifest
from guardian_models.runtime import Model, load

OWN_MODELS = Path(__file__).parent / "models"
"""What the package brings along."""

log = logging.getLogger(__name__)


def load_models(models: Models, threads: int, own: Path = OWN_MODELS) -> list[Model]:
    """Gives the package's own models, and those for sound of the configured folder: the named ones, or all.

    A model of the folder takes the place of an own one of the same id. Manifests of models for anything else than sound
    are passed over: one folder can serve several analyzers.

    Args:
        models: the folder, and which of its models.
        threads: for one window.
        own: where the package's own models are.

    Raises:
        Misconfigured: one is missing, not the one that its manifest names, or cannot be loaded.
    """
    if models.ids and not models.folder:
        raise Misconfigured(f"{', '.join(models.ids)}: models are named, but no folder of models.")
    try:
        found = {each.id: own for each in _for_sound(own, ())}
        if models.folder:
            folder = Path(models.folder)
            found |= {each.id: folder for each in _for_sound(folder, models.ids)}
            if not models.ids and not names(folder):
                raise Misconfigured(f"There are no models in {folder}. `guardian models import` makes them.")
        return [load(folder, each, threads) for each, folder in found.items()]
    except ModelError as error:
        raise Misconfigured(str(error)) from error


def _for_sound(folder: Path, asked: Sequence[str]) -> list[Manifest]:
    found = []
    for name in asked or names(folder):
        try:
            manifest = read_manifest(folder, name)
        except OtherKind as other:
            if asked:
                raise
            log.warning("passed over: %s", other)
            continue
        if manifest.input.sample_rate != SAMPLE_RATE:
            raise Misconfigured(f"{name} takes sound of {manifest.input.sample_rate} Hz, not of {SAMPLE_RATE}.")
        found.append(manifest)
    return found
