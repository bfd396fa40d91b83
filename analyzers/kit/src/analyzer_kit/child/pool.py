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
    """``size`` supervised children, each of which runs one analysis at a time.

    Args:
        config: the configuration of every child.
        size: how many.
        warm_up_seconds: a child that takes longer to become warm is replaced.
        first: a child that was started and configured already.
    """

    def __init__(self, config: ChildConfig, size: int, warm_up_seconds: float, first: Process | None = None) -> None:
        self._config = config
        self._size = size
        self._warm_up_seconds = warm_up_seconds
        self._first = first
        self._idle: asyncio.Queue[ChildProcess] = asyncio.Queue()
        self._workers: set[ChildProcess] = set()
        self._supervisors: list[asyncio.Task[None]] = []
        self._failures = [0] * size
        self.starts = 0
        self.problem = ""
        """Why the child that was last tried did not start; empty once one has."""

    @property
    def warm(self) -> int:
        """The number of children that are up, idle or at work."""
        return sum(worker.alive for worker in self._workers)

    @property
    def broken(self) -> bool:
        """Whether a child failed to come up so often that only a fresh container can help."""
        return max(self._failures) >= _FAILURES_UNTIL_BROKEN

    async def start(self) -> None:
        """Start warming up all children, without waiting for them."""
        self._supervisors = [asyncio.create_task(self._supervise(slot)) for slot in range(self._size)]

    async def stop(self) -> None:
        """End all children."""
        for task in self._supervisors:
            task.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)
        for worker in self._workers:
            worker.kill()
            await worker.gone()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[ChildProcess]:
        """Yield a warm child for one analysis, waiting for one if necessary; a dead one is never yielded."""
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
            worker, self._first = ChildProcess(self._config, self._first), None
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
