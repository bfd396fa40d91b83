"""The warm children of a service: each takes one recording and ends, and its slot gets another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from analyzer_kit.child.messages import ChildConfig
from analyzer_kit.child.process import CannotServe, ChildProcess, ChildStartError, Template
from analyzer_kit.child.spawn import Spawned

_FAILURES_UNTIL_BROKEN = 5
_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 10.0
_CHILD_SECONDS = 10.0
"""How long a template may take to make a child, which it usually does within some milliseconds."""

log = structlog.get_logger(__name__)


class ChildPool:
    """``size`` children of one supervised template, each for one analysis.

    Args:
        config: the configuration of the template and every child.
        size: how many.
        warm_up_seconds: a template that takes longer to become warm is replaced.
        first: a template that was started and configured already.
    """

    def __init__(self, config: ChildConfig, size: int, warm_up_seconds: float, first: Spawned | None = None) -> None:
        self._config = config
        self._size = size
        self._warm_up_seconds = warm_up_seconds
        self._first = first
        self._idle: asyncio.Queue[ChildProcess] = asyncio.Queue()
        self._workers: set[ChildProcess] = set()
        self._supervisors: list[asyncio.Task[None]] = []
        self._template: Template | None = None
        self._template_up = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._overrun = self._cannot_serve = False
        self.starts = 0
        self.problem = ""
        """Why what was last tried did not start; empty once it has."""

    @property
    def warm(self) -> bool:
        """Whether an analysis could begin now, or as soon as a slot is free."""
        return self._template_up.is_set() or any(worker.alive for worker in self._workers)

    @property
    def broken(self) -> bool:
        """Whether only a fresh container can help, or another installation.

        Nothing comes up any more, it cannot do what the installation asks for, or what a child left does not end.
        """
        return self._overrun or self._cannot_serve or max(self._failures.values(), default=0) >= _FAILURES_UNTIL_BROKEN

    async def start(self) -> None:
        """Start warming up, without waiting for it."""
        slots = (self._keep_child(f"child {slot}") for slot in range(self._size))
        self._supervisors = [asyncio.create_task(each) for each in (self._keep_template(), *slots)]

    async def stop(self) -> None:
        """End all children and the template."""
        for task in self._supervisors:
            task.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)
        if self._template is not None:
            await self._template.end()
        for worker in self._workers:
            worker.kill()
            await worker.gone()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[ChildProcess]:
        """Yield a warm child for one analysis, waiting for one if necessary; a dead one is never yielded."""
        worker = await self._idle.get()
        while not worker.alive:
            worker = await self._idle.get()
        worker.taken.set()
        try:
            yield worker
        finally:
            worker.kill()

    async def _keep_template(self) -> None:
        while True:
            self._template, self._first = Template(self._config, self._first), None
            try:
                await self._template.start(self._warm_up_seconds)
            except ChildStartError as error:
                await self._failed("template", error)
                continue
            self._succeeded("template")
            self.starts += 1
            self._template_up.set()
            log.info("worker template warm")
            await self._template.gone()
            self._template_up.clear()
            log.info("worker template gone")

    async def _keep_child(self, slot: str) -> None:
        worker = await self._made(slot)
        while True:
            self._idle.put_nowait(worker)
            await worker.taken.wait()
            successor = await self._made(slot)
            # It gets its recording when nothing of this one is left, so that no two recordings of a slot ever meet.
            self._overrun |= not await worker.gone()
            self._workers.discard(worker)
            worker = successor

    async def _made(self, slot: str) -> ChildProcess:
        while True:
            await self._template_up.wait()
            if self._template is None:
                raise RuntimeError("no template")
            worker = ChildProcess(self._template)
            try:
                await worker.start(_CHILD_SECONDS)
            except ChildStartError as error:
                await self._failed(slot, error)
                continue
            self._succeeded(slot)
            self._workers.add(worker)
            return worker

    async def _failed(self, what: str, error: ChildStartError) -> None:
        self._failures[what] = self._failures.get(what, 0) + 1
        self._cannot_serve = isinstance(error, CannotServe)
        self.problem = str(error)
        log.error("worker did not start", what=what, error=str(error), failures=self._failures[what])
        backoff = _BACKOFF_SECONDS * 2 ** (self._failures[what] - 1)
        await asyncio.sleep(min(backoff, _LONGEST_BACKOFF_SECONDS))

    def _succeeded(self, what: str) -> None:
        self._failures[what] = 0
        self._cannot_serve = False
        self.problem = ""
