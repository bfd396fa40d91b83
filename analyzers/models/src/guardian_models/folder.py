"""A folder of models: for each one a manifest ``<id>.json``, and the file that it names.

The file's name carries the start of its checksum, and the manifest is written last and in one step: a reader sees the
old model or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from guardian_models import speech
from guardian_models.errors import ChecksumMismatch, FolderUnusable, ManifestRefused, ModelError, ModelMissing
from guardian_models.manifest import Manifest, parse

ENVIRONMENT = "GUARDIAN_MODELS"
_MAX_MANIFEST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Entry:
    """One manifest of a folder.

    Attributes:
        name: of its file.
        manifest: what it says; None if it is refused.
        problem: why the model cannot be used; empty if it can.
    """

    name: str
    manifest: Manifest | speech.SpeechManifest | None
    problem: str


def default_folder() -> Path:
    """Return ``$GUARDIAN_MODELS``, else ``silver-guardian/models`` in the user's data folder (XDG Base Directory)."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "silver-guardian" / "models"


def file_name(model_id: str, sha256: str) -> str:
    """Return the name that a model's file has in a folder."""
    return f"{model_id}-{sha256[:12]}.onnx"


def read_manifest[M: Manifest](folder: Path, model_id: str, kind: type[M]) -> M:
    """Return the manifest of a model.

    Args:
        folder: of models.
        model_id: the model's.
        kind: which kind of manifest is expected; :class:`Manifest` for any.

    Raises:
        ModelMissing: there is none of that id.
        ManifestRefused: it is not valid, of an unknown version, or of another id.
        OtherKind: it is of another kind.
        FolderUnusable: it cannot be read.
    """
    path = folder / f"{model_id}.json"
    content = _read(
        path, _MAX_MANIFEST_BYTES, f"there is no model {model_id} in {folder}: `guardian models import` makes it"
    )
    manifest = parse(content, str(path), kind)
    if manifest.id != model_id:
        raise ManifestRefused(f"{path} is the manifest of {manifest.id}")
    return manifest


def read_speech_manifest(folder: Path, model_id: str) -> speech.SpeechManifest | None:
    """Return the manifest of a model that writes down what is said; None if the model is of another kind.

    Raises:
        ModelMissing: there is none of that id.
        ManifestRefused: it is not valid, of an unknown version, or of another id.
        FolderUnusable: it cannot be read.
    """
    path = folder / f"{model_id}.json"
    content = _read(path, _MAX_MANIFEST_BYTES, f"there is no model {model_id} in {folder}: docs/context.md says how")
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ManifestRefused(f"{path} is not JSON: {error}") from error
    if not speech.is_speech(raw):
        return None
    manifest = speech.parse(raw, str(path))
    if manifest.id != model_id:
        raise ManifestRefused(f"{path} is the manifest of {manifest.id}")
    return manifest


def read_model(folder: Path, manifest: Manifest) -> bytes:
    """Return the content of a model's file, which is the one that the manifest names.

    Raises:
        ModelMissing: the file is gone.
        ChecksumMismatch: it is another one.
        FolderUnusable: it cannot be read.
    """
    path = folder / manifest.file
    gone = f"{path}, which {manifest.id}.json names, is gone and cannot be read: import the model again"
    content = _read(path, manifest.most_bytes, gone)
    if (actual := hashlib.sha256(content).hexdigest()) != manifest.sha256:
        raise ChecksumMismatch(
            f"{path} has sha256 {actual}, its manifest says {manifest.sha256}: "
            "since the sha256 differs it is not that model; import it again"
        )
    return content


def write(folder: Path, manifest: Manifest, model: bytes) -> Path:
    """Write a model into a folder, in place of one of the same id, and return the manifest's path.

    Raises:
        FolderUnusable: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / manifest.file, model)
        path = folder / f"{manifest.id}.json"
        _replace(path, manifest.text().encode())
        for old in folder.glob(f"{manifest.id}-{'[0-9a-f]' * 12}.onnx"):
            if old.name != manifest.file:
                old.unlink(missing_ok=True)
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be written: {error.strerror or error}") from error
    return path


def names(folder: Path) -> list[str]:
    """Return the ids of all models of a folder, in order, whether they can be used or not; none if it is not there.

    Raises:
        FolderUnusable: it cannot be read.
    """
    try:
        return sorted(path.stem for path in folder.glob("*.json"))
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be read: {error.strerror or error}") from error


def entries(folder: Path) -> list[Entry]:
    """Return every manifest of a folder, by name; of a folder that is not there none.

    Raises:
        FolderUnusable: it cannot be read.
    """
    return [_entry(folder, name) for name in names(folder)]


def _entry(folder: Path, name: str) -> Entry:
    manifest: Manifest | speech.SpeechManifest | None = None
    try:
        if written := read_speech_manifest(folder, name):
            manifest = written
            speech.check(folder, written)
            return Entry(name, manifest, "")
        manifest = other = read_manifest(folder, name, Manifest)
        read_model(folder, other)
    except ModelError as error:
        return Entry(name, manifest, str(error))
    return Entry(name, manifest, "")


def _read(path: Path, limit: int, if_missing: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError as error:
        raise ModelMissing(if_missing) from error
    except OSError as error:
        raise FolderUnusable(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > limit:
        raise FolderUnusable(f"{path} is larger than {limit} bytes")
    return content


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step, readable for all: a pod runs as another user."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(partial).unlink()
        raise
