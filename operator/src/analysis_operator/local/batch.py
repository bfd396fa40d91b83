"""Many recordings at once: which files they are, and what became of each as soon as it is known."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.local.files import MEDIA_BUCKET, TRANSCRIPT_SUFFIX, name_for, request_for, transcript_of
from analysis_operator.local.folder_store import FolderStore
from analysis_operator.local.manifests import Manifest
from analysis_operator.local.runtime import LocalRuntime
from analysis_operator.report.ports import Report
from analyzer_contract import AnalysisReport, FailureReason

_MOST_SLOTS = 64
"""What an analyzer takes at most."""

_TIMEOUT_SECONDS, _LISTENING_SECONDS = 600, 3600
"""Of one attempt. Nobody else waits for these slots, and a machine with all cores busy is slow; the longer one where
what is said is written down, one recording after the other."""

_FILES_PER_SLOT = 2
"""One runs and one waits: no slot is empty, and however many files there are, few are requests at a time."""


@dataclass(frozen=True, slots=True)
class File:
    """One file to analyse.

    Attributes:
        path: as it was named.
        named: whether it was named itself; of a folder's files not each has to be a recording.
    """

    path: Path
    named: bool = True


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        file: which one.
        request: as it ended; None if the file could not be read.
        results: of its analyses that have one, by the analyzer.
        report: the page for people.
        reason: why there is no request, in one CamelCase word.
        message: why there is no request, in a sentence.
    """

    file: File
    request: AnalysisRequest | None = None
    results: Mapping[str, AnalysisReport] = field(default_factory=dict)
    report: Path | None = None
    reason: str = ""
    message: str = ""


class Watcher(Protocol):
    """Follows a batch."""

    def progress(self, file: File, percent: int) -> None:
        """Take how far a file is."""

    def ended(self, outcome: FileOutcome) -> None:
        """Take what became of a file."""


def files_of(paths: Iterable[Path], without: Path) -> list[File]:
    """Return the files that were named, and those in named folders and below, each once.

    What is hidden in a folder, and transcripts that lie beside recordings, are left out.

    Args:
        paths: files and folders.
        without: the folder for reports, which may lie in one of these folders; what is in it is left out.
    """
    files: dict[Path, File] = {}
    for path in paths:
        for file in _in_folder(path, without.resolve()) if path.is_dir() else [File(path)]:
            files.setdefault(file.path, file)
    return list(files.values())


def slots_for(count: int) -> int:
    """Return how many files are analysed at a time: one for each core, and no more than there are."""
    return max(1, min(len(os.sched_getaffinity(0)), count, _MOST_SLOTS))


class Batch:
    """Analyses files in one embedded runtime, as many at a time as there are cores.

    Args:
        out: the folder for logs and reports.
        analyzers: names of those that look at each file, and the Python modules that serve them.
        with_reports: whether a page for people is written for each file and stays, with its results.
    """

    def __init__(self, out: Path, analyzers: Mapping[str, str], *, with_reports: bool) -> None:
        self._out = out
        self._modules = analyzers
        self._analyzers = list(analyzers)
        self._with_reports = with_reports
        self._folder_uri = f"s3://{MEDIA_BUCKET}/{secrets.token_hex(8)}"  # others on this machine cannot guess it
        self._names: set[str] = set()

    async def run(self, files: Sequence[File], watcher: Watcher) -> None:
        """Analyse the files; the watcher gets each one's outcome as soon as it is known.

        Raises:
            StartFailed: an analyzer does not start.
        """
        slots, left = slots_for(len(files)), iter(files)
        with tempfile.TemporaryDirectory(prefix="guardian-results-") as folder:
            store = FolderStore(Path(folder))
            runtime = LocalRuntime(
                self._out,
                self._modules,
                store=store,
                reports=None if self._with_reports else _NoReports(),
                slots=slots,
            )

            async def work() -> None:
                for file in left:
                    watcher.ended(await self._outcome(runtime, store, file, watcher))

            async with runtime:
                await _unless_it_fails(runtime, [work() for _ in range(_FILES_PER_SLOT * slots)])

    async def _outcome(self, runtime: LocalRuntime, store: FolderStore, file: File, watcher: Watcher) -> FileOutcome:
        if problem := await asyncio.to_thread(_problem_of, file):
            return problem
        manifest = self._manifest(file)
        served = [(file.path, manifest["spec"]["source"]["uri"])]
        served += transcript_of(*served[0])
        for path, uri in served:
            await store.upload(path, uri)
        request = runtime.apply(manifest)
        request = await runtime.end_of(request, lambda now: watcher.progress(file, now.status.progress))
        for _, uri in served:
            store.withdraw(uri)
        with tempfile.TemporaryDirectory(prefix="guardian-result-") as folder:
            taken = None if self._with_reports else Path(folder)
            report = await runtime.collect(request, taken)
            results = _results(runtime.folder_of(request) if taken is None else taken, self._analyzers)
        await runtime.requests.delete(request.metadata)
        return FileOutcome(file, request, results, report)

    def _manifest(self, file: File) -> Manifest:
        first = name = name_for(file.path)
        number = 1
        while name in self._names:
            number += 1
            name = f"{first}-{number}"
        self._names.add(name)
        seconds = _LISTENING_SECONDS if "context" in self._analyzers else _TIMEOUT_SECONDS
        spec = {"analyzers": self._analyzers, "timeoutSeconds": seconds}
        return request_for(file.path, name, self._folder_uri, spec)


class _NoReports:
    """The ReportWriter port of a batch whose lines say everything."""

    async def write(self, _request: AnalysisRequest, _status: RequestStatus, _prefix: str) -> Report:
        """Write nothing."""
        return Report()


async def _unless_it_fails(runtime: LocalRuntime, work: Sequence[Coroutine[None, None, None]]) -> None:
    """Do the work; whatever of it fails, or an analyzer that does not start, ends all of it.

    Raises:
        StartFailed: an analyzer does not start.
    """
    tasks = [asyncio.create_task(part) for part in work]
    failing = asyncio.create_task(runtime.failure())
    try:
        pending = {*tasks}
        while pending:
            done, _ = await asyncio.wait({*pending, failing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            pending -= done
    finally:
        for task in (*tasks, failing):
            task.cancel()
        await asyncio.gather(*tasks, failing, return_exceptions=True)


def _in_folder(folder: Path, without: Path) -> Iterator[File]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        ours = path.name.endswith(TRANSCRIPT_SUFFIX) or path.resolve().is_relative_to(without)
        if path.is_file() and not hidden and not ours:
            yield File(path, named=False)


def _problem_of(file: File) -> FileOutcome | None:
    """Return the outcome of a file that cannot be read."""
    if not file.path.is_file():
        message = f"There is no file {file.path}. Check its name."
        return FileOutcome(file, reason=FailureReason.SOURCE_NOT_FOUND, message=message)
    if not os.access(file.path, os.R_OK):
        message = f"You may not read {file.path}. Change its permissions."
        return FileOutcome(file, reason=FailureReason.SOURCE_FORBIDDEN, message=message)
    return None


def _results(folder: Path, analyzers: Iterable[str]) -> dict[str, AnalysisReport]:
    results = {}
    for name in analyzers:
        with suppress(OSError, ValidationError):  # without a verdict there is none
            results[name] = AnalysisReport.model_validate_json((folder / f"{name}.json").read_bytes())
    return results
