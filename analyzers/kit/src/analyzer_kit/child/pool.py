"""The warm children of a service: each slot is brought back whenever its child ends."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from analyzer_kit.child.messages import ChildConfig
from analyzer_kit.child.process import ChildProcess, ChildStartError

_FAILURES_UNTIL_BROKEN = 5
_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 10.0

log = structlog.get_logger(__name__)


class ChildPool:
    """``size`` supervised children. Never asks for more than one analysis at a time of each.

    Args:
        config: what every child is told first.
        size: how many.
        warm_up_seconds: a child that takes longer to become warm is replaced.
        begun: a child that was started and configured already.
    """

    def __init__(self, config: ChildConfig, size: int, warm_up_seconds: float, begun: Process | None = None) -> None:
        self._config = config
        self._size = size
        self._warm_up_seconds = warm_up_seconds
        self._begun = begun
        self._idle: asyncio.Queue[ChildProcess] = asyncio.Queue()
        self._workers: set[ChildProcess] = set()
        self._supervisors: list[asyncio.Task[None]] = []
        self._failures = [0] * size
        self.starts = 0
        self.problem = ""
        """Why the child that was last tried did not start; empty once one has."""

    @property
    def warm(self) -> int:
        """How many children are up, idle or at work."""
        return sum(worker.alive for worker in self._workers)

    @property
    def broken(self) -> bool:
        """Whether a child failed to come up so often that only a fresh container can help."""
        return max(self._failures) >= _FAILURES_UNTIL_BROKEN

    async def start(self) -> None:
        """Starts warming up all children, without waiting for them."""
        self._supervisors = [asyncio.create_task(self._supervise(slot)) for slot in range(self._size)]

    async def stop(self) -> None:
        """Ends all children."""
        for task in self._supervisors:
            task.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)
        for worker in self._workers:
            worker.kill()
            await worker.gone()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[ChildProcess]:
        """A warm child for one analysis, waiting for one if need be; a dead one is never handed on."""
        worker = await self._idle.get()
        while not worker.alive:
            worker = await self._idle.get()
        try:
            yield worker
        finally:
            if worker.alive:
                self._idle.put_nowait(worker)

    async def _supervise(self, slot: int) -> None:
        while True:
            worker, self._begun = ChildProcess(self._config, self._begun), None
            try:
                await worker.start(self._warm_up_seconds)
            except ChildStartError as error:
                self._failures[slot] += 1
                self.problem = str(error)
                log.error("worker did not start", error=str(error), failures=self._failures[slot])
                backoff = _BACKOFF_SECONDS * 2 ** (self._failures[slot] - 1)
                await asyncio.sleep(min(backoff, _LONGEST_BACKOFF_SECONDS))
                continue
            self._failures[slot] = 0
            self.problem = ""
            self.starts += 1
            self._workers.add(worker)
            self._idle.put_nowait(worker)
            log.info("worker warm", pid=worker.pid)
            await worker.gone()
            self._workers.discard(worker)
            log.info("worker gone", pid=worker.pid)
