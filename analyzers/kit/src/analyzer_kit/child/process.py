"""One warm child process, seen from the parent."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Callable

from pydantic import ValidationError

from analyzer_contract import FailureKind, FailureReason, Wire
from analyzer_kit.analysis import Assessment
from analyzer_kit.child.cgroup import oom_kills
from analyzer_kit.child.messages import (
    CHILD_MESSAGE,
    MOST_MESSAGES,
    ChildConfig,
    Done,
    Failed,
    Ready,
    Stage,
    Task,
    Unready,
)
from analyzer_kit.child.spawn import spawn
from analyzer_kit.errors import AnalysisError


class ChildStartError(Exception):
    """A child did not become warm."""


def configure(process: Process, config: ChildConfig) -> None:
    """Send a new child the configuration that it needs to become warm."""
    _write(process, config)


class ChildProcess:
    """A child process with a detector module loaded; analyses one recording at a time.

    Any failure in it, apart from the refusal of a recording, ends the process.

    Args:
        config: the child's configuration.
        process: a child that was started and configured already.
    """

    def __init__(self, config: ChildConfig, process: Process | None = None) -> None:
        self._config = config
        self._process = process
        self._oom_kills = 0
        self._killed = False

    @property
    def pid(self) -> int | None:
        """Process id, once it is started."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process can take a task."""
        return self._process is not None and self._process.returncode is None and not self._killed

    async def start(self, seconds: float) -> None:
        """Start the process and wait until it is warm.

        Raises:
            ChildStartError: it ended, or was not warm after ``seconds``.
        """
        if self._process is None:
            try:
                self._process = await spawn()
            except OSError as error:
                raise ChildStartError(f"it could not be started: {error}") from error
            configure(self._process, self._config)
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except (TimeoutError, AnalysisError) as error:
            self.kill()
            raise ChildStartError(str(error) or f"not warm after {seconds:.0f} s") from error
        except BaseException:
            self.kill()
            raise
        if isinstance(message, Unready):
            self.kill()
            raise ChildStartError(message.message)
        if not isinstance(message, Ready):
            self.kill()
            raise ChildStartError("the first message was not Ready")

    async def run(self, task: Task, on_stage: Callable[[str, float], None]) -> Assessment:
        """Analyse one recording; cancelling it kills the process.

        Raises:
            AnalysisError: with the child's own reason, or WorkerCrashed, OutOfMemory or DeadlineExceeded if it died.
        """
        try:
            return await self._run(task, on_stage)
        except AnalysisError as error:
            if error.kind is not FailureKind.MEDIA:
                self.kill()
            raise
        except BaseException:
            self.kill()
            raise

    async def _run(self, task: Task, on_stage: Callable[[str, float], None]) -> Assessment:
        self._oom_kills = oom_kills()
        await self._send(task)
        for _ in range(MOST_MESSAGES):
            match await self._receive():
                case Stage(stage=stage, fraction=fraction):
                    on_stage(stage, fraction)
                case Done(assessment=assessment):
                    return assessment
                case Failed(reason=reason, message=message):
                    raise AnalysisError(reason, message)
                case Ready() | Unready():
                    raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker spoke out of turn.")
        raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker spoke too much.")

    def kill(self) -> None:
        """End the process at once; safe to call again."""
        self._killed = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def gone(self) -> None:
        """Wait for the end of the process, whatever the cause."""
        if self._process is not None:
            await self._process.wait()

    async def _send(self, task: Task) -> None:
        try:
            await _write(self._started(), task).drain()
        except ConnectionError:
            raise await self._cause_of_death() from None

    async def _receive(self) -> Ready | Unready | Stage | Done | Failed:
        process = self._started()
        if process.stdout is None:
            raise RuntimeError("started without a pipe")
        try:
            line = await process.stdout.readline()
        except ValueError as error:  # longer than the limit
            raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker's answer was too long.") from error
        if not line.endswith(b"\n"):
            raise await self._cause_of_death()
        try:
            return CHILD_MESSAGE.validate_json(line)
        except ValidationError as error:
            raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker's answer made no sense.") from error

    async def _cause_of_death(self) -> AnalysisError:
        code = await self._started().wait()
        if code == -signal.SIGXCPU:
            return AnalysisError(FailureReason.DEADLINE_EXCEEDED, "The analysis used up its CPU time.")
        if code == -signal.SIGKILL and oom_kills() > self._oom_kills:
            return AnalysisError(FailureReason.OUT_OF_MEMORY, "The kernel ended the analysis: out of memory.")
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return AnalysisError(FailureReason.WORKER_CRASHED, f"The analysis process ended with {how}.")

    def _started(self) -> Process:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process


def _write(process: Process, message: Wire) -> asyncio.StreamWriter:
    if process.stdin is None:
        raise RuntimeError("started without a pipe")
    process.stdin.write(message.model_dump_json(by_alias=True).encode() + b"\n")
    return process.stdin
