"""AnalysisRequests in YAML files, and recordings on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from analysis_operator.api import API_VERSION
from analysis_operator.local.errors import ManifestUnreadable, MediaMissing
from analysis_operator.local.manifests import CheckedManifest, Manifest, read
from guardian_service.s3 import split_uri

MEDIA_BUCKET = "media"
TRANSCRIPT_SUFFIX = ".transcript.json"
"""After the recording's key: the key of the transcript that the context analyzer reads if it cannot make one."""
_SUFFIXES = ("*.yaml", "*.yml")


def load(source: Path) -> list[CheckedManifest]:
    """Return the checked AnalysisRequests of a YAML file, or of every YAML file in a folder.

    Raises:
        ManifestUnreadable: there are none, a file is not YAML, or two have the same name.
        InvalidManifest: a manifest is not valid.
    """
    files = sorted(path for suffix in _SUFFIXES for path in source.glob(suffix)) if source.is_dir() else [source]
    documents = [document for path in files for document in _documents(path)]
    if not documents:
        raise ManifestUnreadable(f"{source} holds no AnalysisRequest: name a YAML file, or a folder of .yaml files.")
    loaded: dict[tuple[str, str], CheckedManifest] = {}
    for document in documents:
        checked = CheckedManifest(document, *read(document))
        if checked.key in loaded:
            raise ManifestUnreadable(f"Two requests are named {'/'.join(checked.key)}: rename one of them.")
        loaded[checked.key] = checked
    return [*loaded.values()]


def media_of(uri: str, folder: Path) -> Path:
    """Return the file in a folder that the key of an S3 URI names.

    Raises:
        MediaMissing: there is no such file.
    """
    _, key = split_uri(uri)
    path = (folder / key).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise MediaMissing(f"{uri}: the file {folder / key} does not exist")
    return path


def transcript_of(recording: Path, uri: str) -> list[tuple[Path, str]]:
    """Return the transcript beside a recording, if there is one, and the URI to upload it to."""
    path = recording.with_name(recording.name + TRANSCRIPT_SUFFIX)
    return [(path, uri + TRANSCRIPT_SUFFIX)] if path.is_file() else []


def recordings_in(folder: Path) -> list[tuple[Path, str]]:
    """Return every file under a folder, and the URI to upload it to."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path, f"s3://{MEDIA_BUCKET}/{path.relative_to(folder).as_posix()}") for path in files]


def name_for(recording: Path) -> str:
    """Return the name of a request for a local file."""
    return re.sub(r"[^a-z0-9]+", "-", recording.stem.lower()).strip("-")[:50].strip("-") or "recording"


def request_for(recording: Path, name: str, folder_uri: str, spec: Mapping[str, object]) -> Manifest:
    """Return a manifest that asks for the analysis of one local file.

    Args:
        recording: the file.
        name: of the request, and of the object.
        folder_uri: where the object is.
        spec: what the request says besides its source.
    """
    suffix = re.sub(r"[^A-Za-z0-9.]", "", recording.suffix)[:10]
    return {
        "apiVersion": API_VERSION,
        "kind": "AnalysisRequest",
        "metadata": {"name": name},
        "spec": {"source": {"uri": f"{folder_uri}/{name}{suffix}"}, **spec},
    }


def _documents(path: Path) -> Iterator[Manifest]:
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ManifestUnreadable(f"{path} cannot be read as YAML: {error}") from error
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ManifestUnreadable(f"{path} holds a document that is not a manifest: {str(document)[:60]!r}")
        yield document
