"""The models that the analyzer was told to use, loaded and checked. Nothing of the runtime is imported without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analyzer_kit.detector import Models
from analyzer_kit.errors import Misconfigured
from audio_analyzer.levels import SAMPLE_RATE

if TYPE_CHECKING:
    from guardian_models import Model

OWN_MODELS = Path(__file__).parent / "models"
"""What the package brings along; used if no folder is configured."""


def load_models(models: Models, threads: int, own: Path = OWN_MODELS) -> list[Model]:
    """Gives the models for sound: those that were named, or all that the folder has.

    Args:
        models: the folder, and which of its models.
        threads: for one window.
        own: the folder to use if none is configured; it may be missing.

    Raises:
        Misconfigured: one is missing, not the one that its manifest names, or cannot be loaded.
    """
    folder = Path(models.folder) if models.folder else own
    if not models.folder and not models.ids and not any(own.glob("*.json")):
        return []
    from guardian_models import ModelError, load
    from guardian_models.folder import entries, read_manifest
    from guardian_models.manifest import AudioWindow

    try:
        ids = models.ids or [each.name for each in entries(folder)]
        if not ids:
            raise Misconfigured(f"There are no models in {folder}. `guardian models import` makes them.")
        manifests = [read_manifest(folder, each) for each in ids]
        for_sound = [each for each in manifests if isinstance(each.input, AudioWindow)]
        if models.ids and len(for_sound) < len(manifests):
            raise Misconfigured(f"Not all of {', '.join(ids)} in {folder} are models for sound.")
        for each in for_sound:
            if each.input.sample_rate != SAMPLE_RATE:
                raise Misconfigured(f"{each.id} takes sound of {each.input.sample_rate} Hz, not of {SAMPLE_RATE}.")
        return [load(folder, each.id, threads) for each in for_sound]
    except ModelError as error:
        raise Misconfigured(str(error)) from error
