"""Models that write down what is said: Whisper in the form of CTranslate2, a folder of files beside its manifest.

``<id>.json`` names the folder ``<id>`` and the sha256 of each file that is read from it. Only checksums that agree make
a model usable, as with every other model; the network that was given in its place would write what it likes.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from guardian_models.errors import ChecksumMismatch, FolderUnusable, ManifestRefused, ModelMissing
from guardian_models.manifest import ModelId, Sha256, WeightsSource
from guardian_service.validation import error_summary

KIND = "speech"

NEEDED = ("config.json", "model.bin", "tokenizer.json")
"""Without the tokenizer faster-whisper would ask a hub for one; there is no hub."""

_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
FILES = (*NEEDED, *_VOCABULARIES, "preprocessor_config.json")
"""What the runtime reads of a folder; nothing else of it is copied."""

_MOST_BYTES = 4 * 1024**3
"""Of a file: large-v3 has 3.1 GB in 16 bits."""

_MOST_MANIFEST_BYTES = 64 * 1024
_BLOCK = 1024 * 1024


class SpeechInput(BaseModel):
    """Mono sound of 16 kHz, of any length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["speech"] = "speech"

    def __str__(self) -> str:
        return "speech"


class SpeechManifest(BaseModel):
    """A model that writes down what is said."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    manifest_version: Literal[1] = 1
    id: ModelId
    files: Mapping[Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.(json|bin|txt)$")], Sha256] = Field(max_length=10)
    """The sha256 of each file in the folder that has the id's name."""
    input: SpeechInput = SpeechInput()
    source: WeightsSource | None = None
    licence: str = Field(min_length=1, max_length=500)
    copyright: str | None = Field(default=None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _complete(self) -> SpeechManifest:
        missing = [name for name in NEEDED if name not in self.files]
        if missing or not any(name in self.files for name in _VOCABULARIES):
            raise ValueError(f"files lacks {', '.join(missing) or ' or '.join(_VOCABULARIES)}")
        return self

    @property
    def file(self) -> str:
        """The largest of the files, for a table."""
        return f"{self.id}/model.bin"

    def text(self) -> str:
        """Return the JSON that :func:`parse` reads."""
        return self.model_dump_json(by_alias=True, indent=2, exclude_none=True) + "\n"


def is_speech(raw: object) -> bool:
    """Return whether a manifest, read as JSON, is one of a model for speech."""
    window = raw.get("input") if isinstance(raw, dict) else None
    return isinstance(window, dict) and window.get("kind") == KIND


def parse(raw: Any, where: str) -> SpeechManifest:  # noqa: ANN401 - JSON
    """Return a manifest, read as JSON.

    Raises:
        ManifestRefused: a field is wrong.
    """
    try:
        return SpeechManifest.model_validate(raw)
    except ValidationError as error:
        raise ManifestRefused(f"{where}: {error_summary(error)}") from error


def check(folder: Path, manifest: SpeechManifest) -> Path:
    """Return the folder of a model's files, each of which is the one that its manifest names.

    Raises:
        ModelMissing: a file is gone.
        ChecksumMismatch: one is another one.
        FolderUnusable: one cannot be read.
    """
    for name, expected in manifest.files.items():
        path = folder / manifest.id / name
        if (actual := _sha256(path)) != expected:
            raise ChecksumMismatch(f"{path} has sha256 {actual}, {manifest.id}.json says {expected}: import it again")
    return folder / manifest.id


def add(
    source: Path,
    folder: Path,
    model_id: str,
    *,
    licence: str,
    copyright_line: str | None = None,
    published: WeightsSource | None = None,
) -> SpeechManifest:
    """Copy Whisper in the form of CTranslate2 into a folder of models, and write its manifest, last and in one step.

    Args:
        source: the folder of its files.
        folder: of models.
        model_id: the new model's.
        licence: of the weights.
        copyright_line: the holder's line.
        published: where the weights come from.

    Raises:
        ModelMissing: the source lacks a file that is read.
        ManifestRefused: the id is none, or the folder holds something else.
        FolderUnusable: a folder cannot be read or written.
    """
    present = [name for name in FILES if (source / name).is_file()]
    lacking = [name for name in NEEDED if name not in present]
    if lacking or not any(name in present for name in _VOCABULARIES):
        wanted = ", ".join(lacking) or " or ".join(_VOCABULARIES)
        raise ModelMissing(f"{source} is no Whisper in the form of CTranslate2: it has no {wanted}")
    files = {name: _sha256(source / name) for name in present}
    raw = {"id": model_id, "files": files, "licence": licence, "copyright": copyright_line, "source": published}
    manifest = parse(raw, f"{model_id}.json")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{model_id}-", dir=folder))
        for name in present:
            shutil.copyfile(source / name, partial / name)
            (partial / name).chmod(0o644)
        partial.chmod(0o755)
        target = folder / model_id
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        (folder / f".{model_id}.json").write_text(manifest.text(), "utf-8")
        (folder / f".{model_id}.json").replace(folder / f"{model_id}.json")
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be written: {error.strerror or error}") from error
    return manifest


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FolderUnusable(f"{path} is larger than {_MOST_BYTES} bytes")
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError as error:
        raise ModelMissing(f"{path} is gone: import the model again") from error
    except OSError as error:
        raise FolderUnusable(f"{path} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()
