"""Detection models as files with manifests: :func:`load` one from a folder and run it.

Running needs numpy, pydantic and onnxruntime. Making a model (:mod:`guardian_models.importing`) also needs onnx, which
the extra ``build`` brings.
"""

from __future__ import annotations

from guardian_models.errors import (
    BuildFailed,
    ChecksumMismatch,
    FolderUnusable,
    InputRefused,
    ManifestRefused,
    ModelError,
    ModelMissing,
    OtherKind,
    WeightsRefused,
)
from guardian_models.folder import default_folder
from guardian_models.manifest import Manifest
from guardian_models.runtime import Answer, Model, load

__all__ = [
    "Answer",
    "BuildFailed",
    "ChecksumMismatch",
    "FolderUnusable",
    "InputRefused",
    "Manifest",
    "ManifestRefused",
    "Model",
    "ModelError",
    "ModelMissing",
    "OtherKind",
    "WeightsRefused",
    "default_folder",
    "load",
]
