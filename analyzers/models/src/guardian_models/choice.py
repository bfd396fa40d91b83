"""Which models an analyzer uses: its own, and those of the folder that its installation names.

A model that was asked for and cannot be used is an error, and not left out: a detector that does not run must not look
like one that found nothing. Models of another kind are passed over: one folder can serve several analyzers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from guardian_models.errors import ManifestRefused, ModelMissing, OtherKind
from guardian_models.folder import names, read_manifest, read_speech_manifest
from guardian_models.manifest import Manifest
from guardian_models.speech import SpeechManifest

log = logging.getLogger(__name__)


def choose[M: Manifest](
    kind: type[M], folder: Path | None, ids: Sequence[str], own: Path | None = None
) -> list[tuple[Path, M]]:
    """Return the folder and the manifest of each model to use; a model takes the place of an own one of the same id.

    Args:
        kind: of the models that the analyzer runs.
        folder: of models, if the installation has one.
        ids: of models in it; none named: all of this kind.
        own: the folder of the analyzer's own models, if it brings any.

    Raises:
        ModelMissing: there is none of an id that was named, or no folder although one was.
        OtherKind: one that was named is of another kind.
        ManifestRefused: a manifest is not valid.
        FolderUnusable: a folder cannot be read.
    """
    if ids and folder is None:
        raise ModelMissing(f"{', '.join(ids)}: models are named, but no folder of models is.")
    chosen: dict[str, tuple[Path, M]] = {}
    if own is not None:
        chosen |= {manifest.id: (own, manifest) for manifest in _of_kind(kind, own, ())}
    if folder is not None:
        chosen |= {manifest.id: (folder, manifest) for manifest in _of_kind(kind, folder, ids)}
    return list(chosen.values())


def _of_kind[M: Manifest](kind: type[M], folder: Path, ids: Sequence[str]) -> list[M]:
    manifests = []
    for name in ids or names(folder):
        try:
            manifests.append(read_manifest(folder, name, kind))
        except OtherKind as other:
            if ids:
                raise OtherKind(f"Not all of {', '.join(ids)} are models for {kind.takes}: {other}") from other
            log.warning("passed over: %s", other)
    return manifests


def choose_speech(folder: Path | None, model_id: str = "") -> SpeechManifest | None:
    """Return the manifest of the model that writes down what is said; None if the folder has none.

    Args:
        folder: of models, if the installation has one.
        model_id: the one to use; empty: the only one.

    Raises:
        ModelMissing: one was named, and is not there.
        OtherKind: the one that was named is of another kind.
        ManifestRefused: a manifest is not valid, or there are several and none was named.
        FolderUnusable: the folder cannot be read.
    """
    if model_id:
        if folder is None:
            raise ModelMissing(f"{model_id}: a model is named, but no folder of models is.")
        if (named := read_speech_manifest(folder, model_id)) is None:
            raise OtherKind(f"{model_id} is no model for speech")
        return named
    found = [each for name in (names(folder) if folder else []) if folder and (each := _speech(folder, name))]
    if len(found) > 1:
        listed = ", ".join(each.id for each in found)
        raise ManifestRefused(f"{folder} has several models for speech, {listed}: name one of them")
    return found[0] if found else None


def _speech(folder: Path, name: str) -> SpeechManifest | None:
    """Return a manifest for speech; what is wrong with another model is for those who use that to say."""
    try:
        return read_speech_manifest(folder, name)
    except ManifestRefused:
        if (folder / name).is_dir():
            raise
        return None
