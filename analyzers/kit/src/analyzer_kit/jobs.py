"""The slots of a service, and the event stream of each analysis that holds one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import structlog

from analyzer_contract import (
    HEARTBEAT_SECONDS,
    AnalysisJob,
    Failure,
    FailureReason,
    Progress,
    Result,
)
from analyzer_kit.backend import Backend
from analyzer_kit.errors import AnalysisError
from analyzer_kit.metrics import Metrics

_HEARTBEAT = HEARTBEAT_SECONDS * 0.6
"""Early enough that a busy event loop still keeps the promise."""

_UNREAD_EVENTS = 64
"""Further progress is dropped while a client does not read."""

log = structlog.get_logger(__name__)


class Jobs:
    """The slots of a service: at most ``slots`` analyses at once, and none new while draining."""

    def __init__(self, backend: Backend, slots: int, metrics: Metrics) -> None:
        self._backend = backend
        self._metrics = metrics
        self.slots = slots
        self.busy = 0
        self.draining = False

    @property
    def full(self) -> bool:
        """Whether every slot is taken."""
        return self.busy >= self.slots

    def take_slot(self) -> None:
        """Take a slot; the caller has to free it with :meth:`free_slot` in any case."""
        self.busy += 1

    def free_slot(self) -> None:
        """Free a slot."""
        self.busy -= 1

    async def events(self, job: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        """Run a job in a slot that was taken; closing the iterator cancels it.

        Yields:
            Progress at least every two seconds, then one Result or Failure.
        """
        queue: asyncio.Queue[Progress | Result | Failure] = asyncio.Queue(_UNREAD_EVENTS)
        work = asyncio.create_task(self._work(job, queue))
        last = Progress(stage="start", fraction=0)
        try:
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT):
                        event = await queue.get()
                except TimeoutError:
                    event = last
                yield event
                if not isinstance(event, Progress):
                    return
                last = event
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self, job: AnalysisJob, queue: asyncio.Queue[Progress | Result | Failure]) -> None:
        started = time.monotonic()
        outcome = "Cancelled"
        last: Result | Failure
        try:
            last = await self._backend.run(job, lambda progress: None if queue.full() else queue.put_nowait(progress))
            outcome = last.verdict
        except AnalysisError as error:
            last, outcome = error.failure(time.monotonic() - started), error.reason
        except Exception as error:
            log.exception("analysis failed", job=job.id)
            wrapped = AnalysisError(FailureReason.INTERNAL_ERROR, f"The analyzer failed: {type(error).__name__}.")
            last, outcome = wrapped.failure(time.monotonic() - started), wrapped.reason
        finally:
            seconds = time.monotonic() - started
            self._metrics.ended(outcome, seconds)
            log.info("analysis ended", job=job.id, outcome=outcome, seconds=round(seconds, 3))
        await queue.put(last)
