"""Write the states of requests to PostgreSQL in the background, later if the database is down or slow.

Its packages are imported with the first connection: an operator without a database does without their memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest
from analysis_operator.errors import OperatorError
from analysis_operator.records.outbox import Outbox, PendingRecord
from analysis_operator.records.row import row_of
from analysis_records.address import Address
from analysis_records.errors import RecordsError, RowRefused

if TYPE_CHECKING:
    from analysis_records.writer import Writer

log = structlog.get_logger(__name__)

_BATCH = 100
_BACKOFF = (0.5, 30.0)
_FORGET_EVERY = timedelta(hours=1)
_ERASE_SECONDS = 10.0
_GATHER_SECONDS = 0.05
"""Changes gather for this long: one statement for a burst, and one row where a request changed twice."""


Versions = Callable[[], Awaitable[Mapping[str, int]]]
Reoffer = Callable[[str], Awaitable[None]]


class Sink(Protocol):
    """Keeps what became of requests, outside the cluster. It only takes note: nothing waits for it."""

    def offer(self, request: AnalysisRequest) -> None:
        """Take note of a request's state, whole and newer than what was offered before. Never raises."""

    def deleted(self, uid: str) -> None:
        """Take note that a request was deleted. Never raises."""


class Sinks:
    """Several sinks as one."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def offer(self, request: AnalysisRequest) -> None:
        """Offer it to each."""
        for sink in self._sinks:
            sink.offer(request)

    def deleted(self, uid: str) -> None:
        """Tell each."""
        for sink in self._sinks:
            sink.deleted(uid)


class NoSink:
    """The Sink port of an installation without a database."""

    def offer(self, request: AnalysisRequest) -> None:
        """Keep nothing."""

    def deleted(self, uid: str) -> None:
        """Keep nothing."""

    async def erase(self, namespace: str, uid: str) -> None:
        """Do nothing: there is no record."""

    async def run(self, versions: Versions, reoffer: Reoffer) -> None:
        """Do nothing until cancelled."""
        await asyncio.Event().wait()


class NotErased(OperatorError):
    """A record was not deleted; the message says why."""


class _Erasing(NamedTuple):
    namespace: str
    uid: str
    done: asyncio.Future[None]


class PostgresSink:
    """The Sink port over PostgreSQL.

    Args:
        address: of the database.
        clock: the time in UTC.
        kept: for how long a record stays after its request was deleted; None: for ever.
    """

    def __init__(self, address: Address, clock: Callable[[], datetime], kept: timedelta | None = None) -> None:
        self._address = address
        self._kept = kept
        self._forgot_at: datetime | None = None
        self._clock = clock
        self._outbox = Outbox()
        self._erasing: list[_Erasing] = []
        self._changed = asyncio.Event()
        metrics.RECORDS_WAITING.set_function(lambda: len(self._outbox))
        metrics.RECORDS_LAG.set_function(lambda: self._outbox.lag(clock()))

    def offer(self, request: AnalysisRequest) -> None:
        """Take note of a request's state."""
        self._outbox.offer(request, self._clock())
        self._changed.set()

    def deleted(self, uid: str) -> None:
        """Take note that a request was deleted."""
        if self._outbox.deleted(uid, self._clock()):
            metrics.RECORDS_LOST.labels("too many deleted").inc()
        self._changed.set()

    async def erase(self, namespace: str, uid: str) -> None:
        """Delete the record of a request with its history, after what was to be written of it.

        Raises:
            NotErased: not now, and why.
        """
        asked = _Erasing(namespace, uid, asyncio.get_running_loop().create_future())
        self._erasing.append(asked)
        self._changed.set()
        try:
            async with asyncio.timeout(_ERASE_SECONDS):
                await asked.done
        except TimeoutError:
            raise NotErased("the database does not answer") from None

    async def run(self, versions: Versions, reoffer: Reoffer) -> None:
        """Write until cancelled. At first, and after each time without the database, compare it with the cluster.

        Args:
            versions: reads the resource version of every request in the cluster, by UID. May raise OperatorError.
            reoffer: offers one request again. May raise OperatorError.
        """
        pause = _BACKOFF[0]
        while True:
            try:
                async with self._connected() as writer:
                    await self._compare(writer, versions, reoffer)
                    pause = _BACKOFF[0]
                    await self._write(writer, reoffer)
            except (RecordsError, OperatorError) as error:
                metrics.DATABASE_FAILURES.labels(type(error).__name__).inc()
                log.warning("not recorded, will be tried again", waiting=len(self._outbox), error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _BACKOFF[1])

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Writer]:
        writer = await asyncio.to_thread(self._prepare)  # its imports alone take a third of a second
        try:
            yield writer
        finally:
            await writer.close()

    def _prepare(self) -> Writer:
        from analysis_records.migrate import migrate
        from analysis_records.writer import Writer

        migrate(self._address)
        return Writer(self._address)

    async def _compare(self, writer: Writer, versions: Versions, reoffer: Reoffer) -> None:
        """Find the deletions that were not recorded, and the states that a restored database has lost."""
        recorded = await writer.live()
        listed = await versions()  # after that: what is recorded and not listed now is really gone
        for uid in recorded.keys() - listed.keys():
            self.deleted(uid)
        for uid, version in listed.items():
            if recorded.get(uid, 0) < version and uid not in self._outbox:
                await reoffer(uid)

    async def _write(self, writer: Writer, reoffer: Reoffer) -> None:
        while True:
            await self._forget(writer)
            if not self._outbox and not self._erasing:
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FORGET_EVERY.total_seconds()):
                        await self._changed.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            batch = self._outbox.take(_BATCH)
            try:
                await self._put(writer, batch)
                again = [record.uid for record in batch if record.request is None and record.deleted_at is None]
                for uid in again:
                    await reoffer(uid)
            except (RecordsError, OperatorError):
                self._outbox.give_back()
                raise
            self._outbox.written()
            await self._erase(writer)

    async def _erase(self, writer: Writer) -> None:
        """Delete what is to be erased. What of it still waits to be written is forgotten: it would come back."""
        erasing, self._erasing = self._erasing, []
        for asked in erasing:
            if asked.done.done():
                continue  # its caller waits no more: it is asked for again
            self._outbox.forget(asked.uid)
            try:
                await writer.erase(asked.namespace, asked.uid)
            except RecordsError as error:  # without the right to it, records are written all the same
                asked.done.set_exception(NotErased(f"the record was not deleted: {error}"))
            else:
                asked.done.set_result(None)

    async def _forget(self, writer: Writer) -> None:
        """Delete old records now and then."""
        now = self._clock()
        if self._kept is None or (self._forgot_at is not None and now - self._forgot_at < _FORGET_EVERY):
            return
        self._forgot_at = now
        try:
            if count := await writer.forget(now - self._kept):
                log.info("old records deleted", count=count)
        except RecordsError as error:  # without the right to it, records are written all the same
            log.warning("old records were not deleted, will be tried again", error=str(error))

    async def _put(self, writer: Writer, batch: list[PendingRecord]) -> None:
        try:
            await writer.upsert(
                row_of(record.request, record.seen_at or record.since) for record in batch if record.request
            )
        except RowRefused as error:
            if len(batch) > 1:  # one of them must not hold up the others
                for record in batch:
                    await self._put(writer, [record])
                return
            metrics.RECORDS_LOST.labels("refused").inc()
            log.error("the database cannot store a request", uid=batch[0].uid, error=str(error))
        await writer.mark_deleted({record.uid: record.deleted_at for record in batch if record.deleted_at})
        metrics.RECORDS_WRITTEN.inc(len(batch))


def make_sink(
    address: Address | None, clock: Callable[[], datetime], kept: timedelta | None = None
) -> NoSink | PostgresSink:
    """Return the sink of this installation."""
    return NoSink() if address is None else PostgresSink(address, clock, kept)
