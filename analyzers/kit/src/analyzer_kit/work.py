"""One analysis in its slot, which may outlive the connection of the client that asked for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import structlog

from analyzer_contract import HEARTBEAT_SECONDS, AnalysisJob, Failure, FailureReason, Outcome, Progress, Result
from analyzer_kit.backend import Backend
from analyzer_kit.errors import AnalysisError
from analyzer_kit.metrics import Metrics
from guardian_service import tracing
from guardian_service.tracing import Span

_HEARTBEAT = HEARTBEAT_SECONDS * 0.6
"""Early enough that a busy event loop still keeps the promise."""

_UNREAD_EVENTS = 64
"""Further progress is dropped while a client does not read."""

Event = Progress | Outcome

log = structlog.get_logger(__name__)


class Client:
    """A connection that follows one analysis, and the events that it has not read yet."""

    def __init__(self) -> None:
        self._unread: asyncio.Queue[Event] = asyncio.Queue(_UNREAD_EVENTS)

    def offer(self, event: Event) -> None:
        """Add an event to what it reads: the last one in any case, progress if there is room."""
        if self._unread.full():
            if isinstance(event, Progress):
                return
            self._unread.get_nowait()
        self._unread.put_nowait(event)

    async def next(self) -> Event | None:
        """Return the next event, or None if there was none for the time of a heartbeat."""
        try:
            async with asyncio.timeout(_HEARTBEAT):
                return await self._unread.get()
        except TimeoutError:
            return None


class Work:
    """One analysis. It starts at once and frees its slot when it has ended, with or without a client.

    Args:
        job: what to do.
        keep_seconds: how long it goes on without a client, and how long a result is kept.
        backend: does it.
        metrics: counts it.
        forget: called when no client can get anything from it any more.
        span: of the work, if that is recorded.
    """

    def __init__(
        self,
        job: AnalysisJob,
        keep_seconds: float,
        backend: Backend,
        metrics: Metrics,
        forget: Callable[[Work], None],
        *,
        span: Span | None = None,
    ) -> None:
        self.job = job
        self.keep_seconds = keep_seconds
        self._backend = backend
        self._metrics = metrics
        self._forget = forget
        self._span = span
        self._last: Progress | None = None
        self._outcome: Outcome | None = None
        self._client: Client | None = None
        self._followed = asyncio.Event()
        self._end: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def runs(self) -> bool:
        """Whether it has its slot."""
        return not self._task.done()

    @property
    def unattended(self) -> bool:
        """Whether it has its slot, and no client."""
        return self.runs and self._client is None

    def attach(self) -> Client:
        """Return a new client in the place of the one before, whose events end; :meth:`detach` it in any case."""
        client = Client()
        if self._end is not None:
            self._end.cancel()
        latest = self._outcome or self._last
        if latest is not None:
            client.offer(latest)
        self._client = client
        self._followed.set()
        return client

    async def detach(self, client: Client) -> None:
        """Say that a client has gone. Returns when the work has stopped, if no other client can follow it."""
        if self._client is not client:
            return
        self._client = None
        self._followed.clear()
        # A failure that was reported is of no use to anybody: another attempt begins again.
        if self.keep_seconds and not isinstance(self._outcome, Failure):
            self._end = asyncio.get_running_loop().call_later(self.keep_seconds, self.stop)
            return
        self.stop()
        await asyncio.gather(self._task, return_exceptions=True)

    def stop(self) -> None:
        """Stop it, if it still runs, forget what came of it, and end its client's events."""
        self._client = None
        self._task.cancel()
        self._forget(self)

    async def events(self, client: Client) -> AsyncGenerator[Event]:
        """Yield progress at least every two seconds, then one outcome; less if another client came."""
        last = Progress(stage="start", fraction=0)
        while self._client is client:
            event = await client.next() or last
            yield event
            if not isinstance(event, Progress):
                return
            last = event

    def _emit(self, progress: Progress) -> None:
        self._last = progress
        if self._client is not None:
            self._client.offer(progress)

    async def _attended(self) -> None:
        await self._followed.wait()

    async def _run(self) -> None:
        with tracing.active(self._span):
            await self._traced()

    async def _traced(self) -> None:
        started = time.monotonic()
        outcome, succeeded = "Cancelled", False
        last: Outcome
        try:
            last = await self._backend.run(self.job, self._emit, self._attended)
            outcome, succeeded = last.verdict if isinstance(last, Result) else type(last).__name__, True
        except AnalysisError as error:
            last, outcome = error.failure(time.monotonic() - started), error.reason
        except Exception as error:
            log.exception("analysis failed", job=self.job.id)
            wrapped = AnalysisError(FailureReason.INTERNAL_ERROR, f"The analyzer failed: {type(error).__name__}.")
            last, outcome = wrapped.failure(time.monotonic() - started), wrapped.reason
        finally:
            seconds = time.monotonic() - started
            self._metrics.ended(outcome, seconds, self._span.context if self._span else None)
            log.info("analysis ended", job=self.job.id, outcome=outcome, seconds=round(seconds, 3))
            if self._span is not None:
                said = {"guardian.outcome": outcome, "guardian.job": self.job.id}
                self._span.end(said, error="" if succeeded else outcome)
        self._outcome = last
        if self._client is not None:
            self._client.offer(last)
