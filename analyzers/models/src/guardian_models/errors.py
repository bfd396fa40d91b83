"""Errors of weights, manifests and models.

ModelError
├── WeightsRefused    a weights file is unknown, too large, damaged, or not what its format says
├── BuildFailed       a model was built, but does not compute what it should
├── ManifestRefused   a manifest is not one, or of a version that this release does not know
│   └── OtherKind     it is one of a model that takes something else than this analyzer reads
├── ModelMissing      the folder has no model of that id, or its file is gone
├── ChecksumMismatch  a model's file is not the one that its manifest names
├── FolderUnusable    the folder cannot be read or written
└── InputRefused      what was given to a model is not what its manifest asks for
"""

from __future__ import annotations


class ModelError(Exception):
    """Base: the message says what is wrong and what to do about it."""


class WeightsRefused(ModelError):
    """A weights file is unknown, too large, damaged, or not what its format says."""


class BuildFailed(ModelError):
    """A model was built, but does not compute what it should."""


class ManifestRefused(ModelError):
    """A manifest is not one, or of a version that this release does not know."""


class OtherKind(ManifestRefused):
    """It is the manifest of a model that takes something else than this analyzer reads."""


class ModelMissing(ModelError):
    """The folder has no model of that id, or its file is gone."""


class ChecksumMismatch(ModelError):
    """A model's file is not the one that its manifest names."""


class FolderUnusable(ModelError):
    """The folder cannot be read or written."""


class InputRefused(ModelError):
    """What was given to a model is not what its manifest asks for."""
