"""Which models an analyzer uses: its own, and those of the folder that its installation names.

A model that was asked for and cannot be used is an error, and not left out: a detector that does not run must not look
like one that found nothing. Models of another kind are passed over: one folder can serve several analyzers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from guardian_models.errors import ModelMissing, OtherKind
from guardian_models.folder import names, read_manifest
from guardian_models.manifest import Manifest

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
