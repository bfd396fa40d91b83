"""The classifier's weights: one file for each language, with its checksum in the manifest beside it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from context_analyzer.classifier.text import Ids

FOLDER = Path(__file__).parent / "weights"

type Floats = npt.NDArray[np.float32]


class Manifest(BaseModel):
    """What is known about a file of weights.

    Attributes:
        version: of the classifier.
        language: of the calls.
        file: its name.
        sha256: its checksum.
        licence: of the weights.
        trained_on: from which texts.
        threshold: the evidence at which a call is Suspicious.
        undecided: so far below the threshold the rules may still accuse.
        kinds: of fraud, in the order of the weights.
        stages: of a fraud, in the order of the weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    language: str
    file: str
    sha256: str
    licence: str
    trained_on: str
    threshold: float
    undecided: float
    kinds: tuple[str, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """One language's weights.

    Attributes:
        manifest: what is known about them.
        ids: the pieces that say something, in order.
        columns: for each piece its weights: fraud, kinds, stages.
        bias: what each column has to begin with.
    """

    manifest: Manifest
    ids: Ids
    columns: Floats
    bias: Floats

    @property
    def kinds(self) -> slice:
        """The columns of the kinds."""
        return slice(1, 1 + len(self.manifest.kinds))

    @property
    def stages(self) -> slice:
        """The columns of the stages."""
        return slice(1 + len(self.manifest.kinds), None)


@cache
def load_weights(language: str) -> Weights:
    """Return the weights of a language.

    Raises:
        RuntimeError: the file is not the one of the manifest: the installation is broken.
    """
    manifest = Manifest.model_validate_json((FOLDER / f"{language}.json").read_bytes())
    content = (FOLDER / manifest.file).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise RuntimeError(f"{FOLDER / manifest.file} has not the checksum of its manifest: install the package again")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        columns = arrays["columns"].astype(np.float32) * arrays["scales"]
        return Weights(manifest, arrays["ids"], columns, arrays["bias"])
