"""The template and its children, seen from the service."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence

import structlog
from pydantic import ValidationError

from analyzer_contract import FailureKind, FailureReason
from analyzer_kit.analysis import Assessment
from analyzer_kit.child import descendants
from analyzer_kit.child.cgroup import oom_kills
from analyzer_kit.child.descendants import Descendant
from analyzer_kit.child.messages import (
    CHILD_MESSAGE,
    MOST_MESSAGES,
    ChildConfig,
    Done,
    Failed,
    Ready,
    Stage,
    StageTime,
    Task,
    Unready,
)
from analyzer_kit.child.spawn import MAX_LINE_BYTES, Spawned, spawn
from analyzer_kit.errors import AnalysisError

_LONGEST_GREETING = 8192

log = structlog.get_logger(__name__)


class ChildStartError(Exception):
    """A template or a child did not become warm."""


class CannotServe(ChildStartError):
    """A template says that the installation asks for what it cannot do: trying again does not help."""


def configure(spawned: Spawned, config: ChildConfig) -> None:
    """Send a new template the configuration that it needs to become warm."""
    spawned.control.send(config.line())


class Template:
    """A warm process that makes children.

    Args:
        config: its configuration, and that of its children.
        spawned: one that was started and configured already.
    """

    def __init__(self, config: ChildConfig, spawned: Spawned | None = None) -> None:
        self._config = config
        self._spawned = spawned

    async def start(self, seconds: float) -> None:
        """Start the process and wait until it is warm.

        Raises:
            CannotServe: it says that the installation is at fault.
            ChildStartError: it ended, or was not warm after ``seconds``.
        """
        if self._spawned is None:
            try:
                self._spawned = await spawn()
                configure(self._spawned, self._config)
            except OSError as error:
                raise ChildStartError(f"it could not be started: {error}") from error
        descendants.add_session(self._spawned.process.pid)
        try:
            async with asyncio.timeout(seconds):
                await self._greeting(self._spawned)
        except TimeoutError as error:
            await self.end()
            raise ChildStartError(f"not warm after {seconds:.0f} s") from error
        except BaseException:
            await self.end()
            raise

    async def _greeting(self, spawned: Spawned) -> None:
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST_GREETING:
            part = await asyncio.get_running_loop().sock_recv(spawned.control, _LONGEST_GREETING)
            if not part:
                raise ChildStartError(f"it ended with {_how(await spawned.process.wait())}")
            line += part
        message = CHILD_MESSAGE.validate_json(line)
        if isinstance(message, Unready):
            raise CannotServe(message.message)

    def make_child(self) -> socket.socket:
        """Have a child made, and return the socket on which it will say that it is ready.

        Raises:
            ChildStartError: the template has gone.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            socket.send_fds(self._started().control, [b"+"], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ChildStartError(f"the template does not answer: {error}") from error
        finally:
            theirs.close()
        return ours

    async def end(self) -> None:
        """End the process at once, if it runs."""
        if self._spawned is not None:
            if self._spawned.process.returncode is None:
                self._spawned.process.kill()
            await self.gone()

    async def gone(self) -> None:
        """Wait for the end of the process, whatever the cause."""
        spawned = self._started()
        await spawned.process.wait()
        spawned.control.close()
        descendants.drop_session(spawned.process.pid)

    def _started(self) -> Spawned:
        if self._spawned is None:
            raise RuntimeError("not started")
        return self._spawned


class ChildProcess:
    """A child of a template, for one recording.

    Args:
        template: what it is made from.
    """

    def __init__(self, template: Template) -> None:
        self._template = template
        self._process: Descendant | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._oom_kills = 0
        self._killed = False
        self.taken = asyncio.Event()
        """Set once it gets a recording, or ends without one."""

    @property
    def pid(self) -> int | None:
        """Process id, once it is started."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process can take a task, or works on it."""
        return self._process is not None and self._process.returncode is None and not self._killed

    async def start(self, seconds: float) -> None:
        """Have the child made, and wait until it is ready.

        Raises:
            ChildStartError: it ended, or was not ready after ``seconds``.
        """
        channel = self._template.make_child()
        self._reader, self._writer = await asyncio.open_unix_connection(sock=channel, limit=MAX_LINE_BYTES)
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
            if not isinstance(message, Ready):
                raise ChildStartError("its first message was not Ready")
            self._process = Descendant(message.pid, self.taken.set)
        except (TimeoutError, AnalysisError, OSError) as error:
            self._writer.close()
            await descendants.collect_stillborn()
            raise ChildStartError(str(error) or f"no child after {seconds:.0f} s") from error
        except BaseException:
            self._writer.close()  # the child ends when it reads no task
            raise

    async def run(
        self,
        task: Task,
        on_stage: Callable[[str, float], None],
        on_times: Callable[[Sequence[StageTime]], None] = lambda _times: None,
    ) -> Assessment:
        """Analyse one recording; cancelling it kills the process.

        Args:
            task: the recording.
            on_stage: is told how far it is.
            on_times: is told at the end how long each stage took.

        Raises:
            AnalysisError: with the child's own reason, or WorkerCrashed, OutOfMemory or DeadlineExceeded if it died.
        """
        try:
            return await self._run(task, on_stage, on_times)
        except AnalysisError as error:
            if error.kind is not FailureKind.MEDIA:
                self.kill()
            raise
        except BaseException:
            self.kill()
            raise

    async def _run(
        self,
        task: Task,
        on_stage: Callable[[str, float], None],
        on_times: Callable[[Sequence[StageTime]], None],
    ) -> Assessment:
        self._oom_kills = oom_kills()
        await self._send(task)
        for _ in range(MOST_MESSAGES):
            match await self._receive():
                case Stage(stage=stage, fraction=fraction):
                    on_stage(stage, fraction)
                case Done(assessment=assessment, times=times):
                    on_times(times)
                    return assessment
                case Failed(reason=reason, message=message):
                    raise AnalysisError(reason, message)
                case Ready() | Unready():
                    raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker spoke out of turn.")
        raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker spoke too much.")

    def kill(self) -> None:
        """End the process at once; safe to call again."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    async def gone(self) -> bool:
        """Wait for the end of the process, whatever the cause, and end what it left; return whether nothing is left."""
        if self._process is not None:
            await self._process.wait()
        if self._writer is not None:
            self._writer.close()
        return await descendants.end_orphans()

    async def _send(self, task: Task) -> None:
        if self._writer is None:
            raise RuntimeError("not started")
        try:
            self._writer.write(task.line())
            await self._writer.drain()
        except ConnectionError:
            raise await self._cause_of_death() from None

    async def _receive(self) -> Ready | Unready | Stage | Done | Failed:
        if self._reader is None:
            raise RuntimeError("not started")
        try:
            line = await self._reader.readline()
        except ValueError as error:  # longer than the limit
            raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker's answer was too long.") from error
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise await self._cause_of_death()
        try:
            return CHILD_MESSAGE.validate_json(line)
        except ValidationError as error:
            raise AnalysisError(FailureReason.WORKER_CRASHED, "The worker's answer made no sense.") from error

    async def _cause_of_death(self) -> AnalysisError:
        if self._process is None:
            return AnalysisError(FailureReason.WORKER_CRASHED, "The template made no child.")
        code = await self._process.wait()
        if code == -signal.SIGXCPU:
            return AnalysisError(FailureReason.DEADLINE_EXCEEDED, "The analysis used up its CPU time.")
        if code == -signal.SIGKILL and oom_kills() > self._oom_kills:
            return AnalysisError(FailureReason.OUT_OF_MEMORY, "The kernel ended the analysis: out of memory.")
        if code == -signal.SIGSYS:
            log.error("a child asked for a system call that no analysis needs: its recording may be hostile")
            message = (
                "The analysis process asked the system for what no analysis needs, and was ended (SIGSYS). The "
                "recording may be made to attack its decoder."
            )
            return AnalysisError(FailureReason.WORKER_CRASHED, message)
        return AnalysisError(FailureReason.WORKER_CRASHED, f"The analysis process ended with {_how(code)}.")


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
