"""What decides about an analyzer's results besides the recording, as one digest: where it is the same, so are they.

It is of the analyzer's code and version, its models, its trust list, and the settings that results depend on. A large
file counts by its name and size: a model's name carries its checksum, and its manifest the whole of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from importlib.util import find_spec
from pathlib import Path

import structlog

from analyzer_contract import AnalysisJob, SourceFacts, Unchanged
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.settings import KitSettings

_SMALL_BYTES = 1024 * 1024
_CODE = ("analyzer_kit", "guardian_models")

log = structlog.get_logger(__name__)


class Fingerprint:
    """The digest of one service, read once in a thread, when its models are.

    Args:
        analyzer: which one it runs.
        settings: with its models, limits and trust list.
        threads: that may wait for files.
        package: of the analyzer's own code.
        more: further settings that its results depend on.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        settings: KitSettings,
        threads: Executor,
        package: str,
        more: Mapping[str, object] | None = None,
    ) -> None:
        self._analyzer = analyzer
        self._settings = settings
        self._threads = threads
        self._package = package
        self._more = more or {}
        self._reading: asyncio.Future[str | None] | None = None

    def start(self) -> asyncio.Future[str | None]:
        """Begin to read, unless that was begun."""
        if self._reading is None:
            self._reading = asyncio.get_running_loop().run_in_executor(self._threads, self._read)
        return self._reading

    async def value(self) -> str | None:
        """Return the digest; None if something could not be read: then no result is known to be the same again."""
        return await asyncio.shield(self.start())

    def _read(self) -> str | None:
        config = self._settings.child(self._analyzer)
        about = {
            "analyzer": [self._analyzer.name, self._analyzer.version],
            "caps": config.caps.model_dump(mode="json"),
            "models": config.models.ids,
            **self._more,
        }
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        try:
            for folder in self._folders():
                for line in _contents(folder):
                    digest.update(line)
        except OSError as error:
            log.warning("no result will be known to be the same again", error=str(error))
            return None
        return digest.hexdigest()

    def _folders(self) -> Iterator[Path]:
        for package in dict.fromkeys((self._package, *_CODE)):
            spec = find_spec(package)
            yield from (Path(place) for place in (spec and spec.submodule_search_locations) or ())
        yield from (folder for folder in (self._settings.models, self._settings.trust) if folder is not None)


def unchanged(job: AnalysisJob, facts: SourceFacts, fingerprint: str | None) -> Unchanged | None:
    """Return the answer that an earlier result which the job names would be the same again; None: that is not known.

    Nothing is, before the content is known to be what the job states.
    """
    if fingerprint is None or facts.sha256 != job.source.sha256:
        return None
    object_, content = job.known, job.known_content
    same_object = object_ is not None and (object_.etag, object_.version_id, object_.fingerprint) == (
        facts.etag,
        facts.version_id,
        fingerprint,
    )
    same_content = content is not None and (content.sha256, content.fingerprint) == (facts.sha256, fingerprint)
    return Unchanged(source=facts, fingerprint=fingerprint) if same_object or same_content else None


def _contents(folder: Path) -> Iterator[bytes]:
    """Yield each file's name, size and content; what Kubernetes mounts has links from hidden folders."""
    yield b"folder\n"
    for path in sorted(_files(folder)):
        size = path.stat().st_size
        yield f"{path.relative_to(folder)} {size}\n".encode()
        if size <= _SMALL_BYTES:
            yield hashlib.sha256(path.read_bytes()).digest()


def _files(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            yield path
