"""One service as a child process on the loopback address: its port, its log, its readiness, its end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import aiohttp

from analysis_operator.local.child import PARENT_VARIABLE
from analysis_operator.local.errors import StartFailed

HOST = "127.0.0.1"
_READY_SECONDS = 300.0
"""Three at most on a machine that is not overloaded, minutes on one that is. A process that ends is noticed at once."""
_POLL_SECONDS, _SLOWEST_POLL, _SLOWER = 0.1, 1.0, 1.1
_ANSWER_SECONDS = 10.0
_STOP_SECONDS = 5.0
_TAIL_LINES = 12


def free_port() -> int:
    """Return a port of the loopback address on which no process listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Service:
    """A Python module that serves HTTP; it ends with this process, however this process ends.

    Args:
        name: for messages and the name of the log file.
        command: the module and its arguments.
        port: where it will listen.
        ready: the path that answers 2xx once it takes work.
        logs: the folder of the log file.
        alive: the path that answers 503 once only a new start can help, if it has one.
    """

    def __init__(self, name: str, command: list[str], port: int, ready: str, logs: Path, *, alive: str = "") -> None:
        self.name = name
        self.address = f"{HOST}:{port}"
        self.log = logs / f"{name}.log"
        self._command = command
        self._ready = ready
        self._alive = alive
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, env: Mapping[str, str]) -> None:
        """Start it, without waiting until it is ready."""
        environment = os.environ | env | {PARENT_VARIABLE: str(os.getpid())}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "analysis_operator.local.child",
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C is for this process, which ends the services in order
            )

    async def wait_ready(self) -> None:
        """Wait until it takes work.

        Raises:
            StartFailed: it ended, says that it cannot start, or took too long.
        """
        timeout, pause = aiohttp.ClientTimeout(total=_ANSWER_SECONDS), _POLL_SECONDS
        try:
            async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession(timeout=timeout) as session:
                while not await self._answers(session):
                    if self.pid is None:
                        raise StartFailed(f"{self.name} ended while it started. {self._tail()}")
                    if why := await self._broken(session):
                        raise StartFailed(f"{self.name} cannot start. {why}")
                    await asyncio.sleep(pause)
                    pause = min(pause * _SLOWER, _SLOWEST_POLL)  # where the start is slow, questions make it slower
        except TimeoutError:
            raise StartFailed(f"{self.name} was not ready within {_READY_SECONDS:.0f} s. {self._tail()}") from None

    async def ended(self) -> int:
        """Wait until it ends, and return its exit code."""
        return await self._process.wait() if self._process is not None else 0

    async def stop(self) -> None:
        """End it and every process that it started."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            # It has a session of its own, so this ends its children too, and no other process.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://{self.address}{self._ready}") as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _broken(self, session: aiohttp.ClientSession) -> str:
        """Return why it cannot come up any more, in its own words; nothing if it may."""
        if not self._alive:
            return ""
        try:
            async with session.get(f"http://{self.address}{self._alive}") as answer:
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    return ""
                return str((await answer.json(content_type=None))["detail"])
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError):
            return ""

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return f"The last lines of {self.log}:\n" + "\n".join(f"  {line}" for line in lines)
