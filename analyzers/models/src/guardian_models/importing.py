"""Makes a model from published weights: check the file, build, check what was built, write it with its manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from guardian_models import folder as models_folder
from guardian_models.catalogue import PUBLISHED, Published, probe
from guardian_models.errors import BuildFailed, WeightsRefused
from guardian_models.manifest import SoundManifest, WeightsSource
from guardian_models.runtime import Model
from guardian_models.weights import Array, digest, read_arrays, read_bytes

TOLERANCE = 1e-3
"""Largest error of the built model's probe, relative to the largest expected number."""


def import_weights(path: Path, folder: Path) -> SoundManifest:
    """Build a model from a publisher's weights file, or from a ``.npz`` of the same arrays, into a folder.

    Args:
        path: the weights file.
        folder: of models; made if it is not there.

    Raises:
        WeightsRefused: the file is not known, or damaged.
        BuildFailed: the built model does not compute what it should.
        FolderUnusable: the folder cannot be written.
    """
    content = read_bytes(path)
    sha256 = hashlib.sha256(content).hexdigest()
    published, arrays = _identified(content, sha256, path)
    model = published.build(arrays)
    manifest = _manifest(published, sha256, model)
    check(Model(manifest, model), published)
    models_folder.write(folder, manifest, model)
    return manifest


def check(model: Model, published: Published) -> None:
    """Compare a model's answer to the probe with the expected one.

    Raises:
        BuildFailed: it differs by more than :data:`TOLERANCE`.
    """
    answer = model.run(probe(published.input))
    for actual, expected in (
        (answer.logits, published.expected_logits),
        (answer.embedding[: len(published.expected_embedding)], published.expected_embedding),
    ):
        error = float(np.abs(actual - np.array(expected)).max() / np.abs(expected).max())
        if not error <= TOLERANCE:
            raise BuildFailed(
                f"{published.id} was built, but answers the probe with {actual.tolist()} instead of {list(expected)}"
            )


def _identified(content: bytes, sha256: str, path: Path) -> tuple[Published, dict[str, Array]]:
    """Return which published weights these are, and their arrays.

    A checkpoint is read only if it is the publisher's own file.
    """
    for published in PUBLISHED:
        if sha256 == published.sha256:
            return published, read_arrays(content)
    if path.suffix == ".npz":
        arrays = read_arrays(content)
        for published in PUBLISHED:
            if digest(arrays) == published.digest:
                return published, arrays
    published_files = "; ".join(
        f"{published.id}: sha256 {published.sha256}, {published.url}" for published in PUBLISHED
    )
    raise WeightsRefused(
        f"{path} has sha256 {sha256}, which is no weights file that is known here. Known: {published_files}"
    )


def _manifest(published: Published, sha256: str, model: bytes) -> SoundManifest:
    checksum = hashlib.sha256(model).hexdigest()
    return SoundManifest(
        id=published.id,
        file=models_folder.file_name(published.id, checksum),
        sha256=checksum,
        source=WeightsSource(url=published.url, sha256=sha256),
        input=published.input,
        logits=published.logits,
        embedding=published.embedding,
        licence=published.licence,
        copyright=published.copyright,
        calibration=published.calibration,
        domain=published.domain,
        eval_card=published.eval_card,
    )
