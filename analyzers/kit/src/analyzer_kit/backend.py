"""One analysis from start to end: fetch, analyse in a child, upload."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import structlog

from analyzer_contract import AnalysisJob, FailureReason, Result, SourceFacts, SourceObject, Unchanged
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.child.messages import Task
from analyzer_kit.child.pool import ChildPool
from analyzer_kit.child.spawn import Spawned
from analyzer_kit.content import checked, sha256_of_file
from analyzer_kit.errors import AnalysisError
from analyzer_kit.fingerprint import Fingerprint, unchanged
from analyzer_kit.publishing import Publisher
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.scratch import Scratch
from analyzer_kit.settings import KitSettings
from analyzer_kit.stages import ANALYSIS_SHARE, Attended, Emit, Stages, out_of_time

_PLOT_BYTES = 8 * 1024 * 1024
"""Largest plot that is read; 1,200 x 300 pixels are 1 MB when nothing can be compressed."""

log = structlog.get_logger(__name__)


class Backend(Protocol):
    """The interface of what does the work behind the HTTP service."""

    @property
    def ready(self) -> bool:
        """Whether an analysis could start now."""

    @property
    def alive(self) -> bool:
        """False when only a fresh container can help."""

    @property
    def problem(self) -> str:
        """Why it does not get ready; empty if nothing is wrong."""

    @property
    def worker_starts(self) -> int:
        """How many templates of children were warmed up so far."""

    async def start(self) -> None:
        """Start to get ready, without waiting for it."""

    async def stop(self) -> None:
        """End everything that was started."""

    async def run(self, job: AnalysisJob, emit: Emit, attended: Attended) -> Result | Unchanged:
        """Run one job; cancelling it stops the work and removes its files.

        Args:
            job: what to do.
            emit: takes progress.
            attended: to be awaited before anything is uploaded: somebody else may do the same job by now.

        Raises:
            AnalysisError: there is no verdict, and why.
        """


class ChildBackend:
    """Downloads in a thread, analyses in a warm child process, uploads in a thread.

    Args:
        analyzer: what the children run.
        settings: slots, limits, and places.
        first: the children's template, if it was started and configured already.
    """

    def __init__(self, analyzer: Analyzer, settings: KitSettings, first: Spawned | None = None) -> None:
        self._analyzer = analyzer
        self._settings = settings
        self._scratch = Scratch(settings.scratch_dir)
        config = settings.child(analyzer)
        self.pool = ChildPool(config, settings.concurrency, settings.warm_up_seconds, first)
        self._store = ObjectStore(
            connect_seconds=settings.s3_connect_seconds,
            read_seconds=settings.s3_read_seconds,
            retry_seconds=settings.s3_retry_seconds,
            max_bytes=settings.max_source_bytes,
        )
        # A cancelled download may linger in its thread for one read time-out: leave room for the next ones.
        self._threads = ThreadPoolExecutor(2 * settings.concurrency + 2, thread_name_prefix="s3")
        self._publisher = Publisher(analyzer.name, self._store, self._threads)
        self._fingerprint = Fingerprint(analyzer, settings, self._threads, analyzer.module.rpartition(".")[0])

    @property
    def ready(self) -> bool:
        """Whether there is a child, or a template to make one from."""
        return self.pool.warm

    @property
    def alive(self) -> bool:
        """False when children do not come up any more."""
        return not self.pool.broken

    @property
    def problem(self) -> str:
        """Why the last child did not start."""
        return self.pool.problem

    @property
    def worker_starts(self) -> int:
        """How many templates of children were warmed up so far."""
        return self.pool.starts

    async def start(self) -> None:
        """Remove what a killed service left, start the children, and make the S3 client while they warm up."""
        self._scratch.open()
        self._fingerprint.start()
        await self.pool.start()
        asyncio.get_running_loop().run_in_executor(self._threads, self._store.client)

    async def stop(self) -> None:
        """End the children."""
        await self.pool.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._scratch.close()

    async def run(self, job: AnalysisJob, emit: Emit, attended: Attended) -> Result | Unchanged:
        """Run one job within its deadline.

        Raises:
            AnalysisError: there is no verdict, and why.
        """
        clock = Stages(job, emit)
        async with self._scratch.folder() as folder:
            try:
                async with asyncio.timeout(job.deadline_seconds):
                    return await self._run(job, folder, clock, attended)
            except TimeoutError:
                raise out_of_time(job, clock.stage) from None
            finally:
                clock.end()

    async def _run(self, job: AnalysisJob, folder: Path, clock: Stages, attended: Attended) -> Result | Unchanged:
        clock.enter("download", 0.0)
        recording, plot = folder / "recording", folder / "plot"
        cancelled = threading.Event()
        try:
            facts = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._store.head, job.source, clock.remaining(), cancelled
            )
            clock.set_source(facts)
            fingerprint = await self._fingerprint.value()
            if same := unchanged(job, facts, fingerprint):
                return same
            await self._fetch(job.source.uri, facts, recording, clock, cancelled)
            if facts.sha256 != job.source.sha256:  # S3 did not state it
                facts = await self._checked(job.source, facts, recording)
                if same := unchanged(job, facts, fingerprint):
                    return same
        finally:
            cancelled.set()
        clock.enter("analyze", ANALYSIS_SHARE[0])
        async with self.pool.lease() as worker:
            clock.leased()
            cpu = int(job.deadline_seconds * self._settings.threads) + 1
            task = Task(recording=str(recording), plot=str(plot), cpu_seconds=cpu)
            assessment = await worker.run(task, clock.child_stage, clock.child_times)
            picture = _read_plot(plot)
        await attended()
        return await self._publisher.publish(job, facts, assessment, picture, clock, fingerprint=fingerprint)

    async def _fetch(
        self, uri: str, facts: SourceFacts, recording: Path, clock: Stages, cancelled: threading.Event
    ) -> None:
        def download() -> None:
            try:  # the thread owns the descriptor: the coroutine may be gone before it
                self._store.download(uri, facts, target, clock.remaining(), cancelled)
            finally:
                os.close(target)

        target = os.open(recording, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        await asyncio.get_running_loop().run_in_executor(self._threads, download)

    async def _checked(self, source: SourceObject, facts: SourceFacts, recording: Path) -> SourceFacts:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, sha256_of_file, recording)
        return checked(source, facts, found)


def _read_plot(plot: Path) -> bytes:
    """Return the plot that the child wrote; a link there would make the parent read, and publish, other files.

    Raises:
        AnalysisError: WorkerCrashed: it is no file, or too large.
    """
    try:
        descriptor = os.open(plot, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # opening a pipe would wait
    except OSError as error:
        raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker left no plot.") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _PLOT_BYTES:
            raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker's plot is none.")
        return os.pread(descriptor, _PLOT_BYTES, 0)
    finally:
        os.close(descriptor)
