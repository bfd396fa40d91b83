"""One analysis from start to end: fetch, analyse in a child, upload."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import structlog

from analyzer_contract import AnalysisJob, AnalysisReport, FailureReason, Progress, Result, SourceFacts
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.detector import Assessment
from analyzer_kit.errors import AnalysisError
from analyzer_kit.messages import Task
from analyzer_kit.pool import WorkerPool
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.scratch import Scratch
from analyzer_kit.settings import KitSettings

Emit = Callable[[Progress], None]

_ANALYSIS_SHARE = (0.1, 0.95)
"""Where the child's own 0-1 lies within the whole analysis, for the progress bar."""

_STRONGEST = 10
_PLOT_BYTES = 8 * 1024 * 1024
"""Largest plot that is read; 1,200 x 300 pixels are 1 MB when nothing can be compressed."""

log = structlog.get_logger(__name__)


class Backend(Protocol):
    """What does the work behind the HTTP service."""

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
        """How many children were warmed up so far."""

    async def start(self) -> None:
        """Begins to get ready."""

    async def stop(self) -> None:
        """Ends everything that was started."""

    async def run(self, job: AnalysisJob, emit: Emit) -> Result:
        """Does one job; cancelling it stops the work and removes its files.

        Raises:
            AnalysisError: there is no verdict, and why.
        """


class ChildBackend:
    """Downloads in a thread, analyses in a warm child process, uploads in a thread.

    Args:
        analyzer: what the children run.
        settings: slots, limits, and places.
        begun: the first child, if it was started and configured already.
    """

    def __init__(self, analyzer: Analyzer, settings: KitSettings, begun: Process | None = None) -> None:
        self._analyzer = analyzer
        self._settings = settings
        self._scratch = Scratch(settings.scratch_dir)
        config = settings.child(analyzer)
        self.pool = WorkerPool(config, settings.concurrency, settings.warm_up_seconds, begun)
        self._store = ObjectStore(
            connect_seconds=settings.s3_connect_seconds,
            read_seconds=settings.s3_read_seconds,
            retry_seconds=settings.s3_retry_seconds,
            max_bytes=settings.max_source_bytes,
        )
        # A cancelled download may linger in its thread for one read time-out: leave room for the next ones.
        self._threads = ThreadPoolExecutor(2 * settings.concurrency + 2, thread_name_prefix="s3")

    @property
    def ready(self) -> bool:
        """Whether a child is warm."""
        return self.pool.warm > 0

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
        """How many children were warmed up so far."""
        return self.pool.starts

    async def start(self) -> None:
        """Removes what a killed service left, starts the children, and makes the S3 client while they warm up."""
        self._scratch.open()
        await self.pool.start()
        asyncio.get_running_loop().run_in_executor(self._threads, self._store.client)

    async def stop(self) -> None:
        """Ends the children."""
        await self.pool.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._scratch.close()

    async def run(self, job: AnalysisJob, emit: Emit) -> Result:
        """Does one job within its deadline.

        Raises:
            AnalysisError: there is no verdict, and why.
        """
        clock = _Stages(job, emit)
        async with self._scratch.folder() as folder:
            try:
                async with asyncio.timeout(job.deadline_seconds):
                    return await self._run(job, folder, clock)
            except TimeoutError:
                raise _out_of_time(job, clock.stage) from None

    async def _run(self, job: AnalysisJob, folder: Path, clock: _Stages) -> Result:
        clock.enter("download", 0.0)
        recording, plot = folder / "recording", folder / "plot"
        facts = await self._fetch(job, recording, clock)
        clock.enter("analyze", _ANALYSIS_SHARE[0])
        async with self.pool.lease() as worker:
            clock.leased()
            cpu = int(job.deadline_seconds * self._settings.threads) + 1
            task = Task(recording=str(recording), plot=str(plot), cpu_seconds=cpu)
            found = await worker.run(task, clock.child_stage)
            try:
                picture = _picture(plot)
            except AnalysisError:
                worker.kill()
                raise
        clock.enter("upload", _ANALYSIS_SHARE[1])
        uri = await self._upload(job, facts, found, picture, clock)
        strongest = sorted(
            (
                each for detector in found.detectors for each in detector.findings if each.score > 0
            ),  # 0: a fact, no evidence
            key=lambda finding: (-finding.score, finding.start_seconds, finding.kind),
        )
        return Result(
            verdict=found.verdict,
            score=found.score,
            summary=found.summary,
            findings=strongest[:_STRONGEST],
            source=facts,
            result_uri=uri,
            seconds=clock.total(),
        )

    async def _fetch(self, job: AnalysisJob, recording: Path, clock: _Stages) -> SourceFacts:
        loop = asyncio.get_running_loop()
        cancelled = threading.Event()

        def download() -> None:
            try:  # the thread owns the descriptor: the coroutine may be gone before it
                self._store.download(job.source.uri, facts, target, clock.remaining(), cancelled)
            finally:
                os.close(target)

        try:
            facts = await loop.run_in_executor(
                self._threads, self._store.head, job.source, clock.remaining(), cancelled
            )
            clock.know(facts)
            target = os.open(recording, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            await loop.run_in_executor(self._threads, download)
        finally:
            cancelled.set()
        return facts

    async def _upload(
        self, job: AnalysisJob, facts: SourceFacts, found: Assessment, picture: bytes, clock: _Stages
    ) -> str | None:
        if job.result_prefix is None:
            return None
        report = AnalysisReport(
            id=job.id,
            analyzer=self._analyzer.name,
            source=facts,
            media=found.media,
            verdict=found.verdict,
            score=found.score,
            summary=found.summary,
            detectors=found.detectors,
            seconds=clock.so_far(),
        )
        body = report.model_dump_json(by_alias=True, exclude_none=True).encode()
        uri = f"{job.result_prefix}{self._analyzer.name}"
        loop = asyncio.get_running_loop()

        def put() -> None:  # the report last: whoever sees it can read the plot
            self._store.put(f"{uri}.png", picture, "image/png", clock.remaining())
            self._store.put(f"{uri}.json", body, "application/json", clock.remaining())

        await loop.run_in_executor(self._threads, put)
        return f"{uri}.json"


def _picture(plot: Path) -> bytes:
    """The child's plot. Only what it wrote there itself: a link would make the parent read, and publish, other files.

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


class _Stages:
    """The wall clock of one job: emits progress and keeps the seconds of each stage."""

    def __init__(self, job: AnalysisJob, emit: Emit) -> None:
        self._emit = emit
        self._started = self._entered = time.monotonic()
        self._deadline = self._started + job.deadline_seconds
        self._waited = 0.0
        self._seconds: dict[str, float] = {}
        self._facts: SourceFacts | None = None
        self.stage = ""
        self._fraction = 0.0

    def enter(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if self.stage:
            self._seconds[self.stage] = round(now - self._entered, 3)
        self.stage, self._entered, self._fraction = stage, now, fraction
        self._say(stage)

    def know(self, facts: SourceFacts) -> None:
        self._facts = facts
        self._say(self.stage)

    def leased(self) -> None:
        """A child was free at last: the time spent waiting for one is not the analysis's own."""
        now = time.monotonic()
        self._waited += now - self._entered
        self._entered = now

    def child_stage(self, stage: str, fraction: float) -> None:
        low, high = _ANALYSIS_SHARE
        self._fraction = max(self._fraction, low + (high - low) * fraction)
        self._say(stage)

    def remaining(self) -> float:
        return max(self._deadline - time.monotonic(), 0.001)

    def total(self) -> float:
        return round(time.monotonic() - self._started - self._waited, 3)

    def so_far(self) -> dict[str, float]:
        return {**self._seconds, "total": self.total()}

    def _say(self, stage: str) -> None:
        self._emit(Progress(stage=stage, fraction=round(self._fraction, 3), source=self._facts))


def _out_of_time(job: AnalysisJob, stage: str) -> AnalysisError:
    if stage == "download":
        message = (
            f"{job.source.uri} was not downloaded whole within the {job.deadline_seconds:.0f} s that were asked for. "
            "Ask for more time, or send a shorter part of the recording."
        )
        return AnalysisError(FailureReason.DEADLINE_EXCEEDED, message)
    message = (
        f"The analysis was not done after {job.deadline_seconds:.0f} s, in stage {stage!r}. "
        "Ask for more time, or send a shorter part of the recording."
    )
    return AnalysisError(FailureReason.DEADLINE_EXCEEDED, message)
