"""The entries in S3. None of what goes wrong here delays or ends a request: it is analysed as if nothing was known."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from analysis_operator.api import AnalysisRequest
from analysis_operator.cache.entry import ENTRY_LIMIT, Earlier, Entry, Question, earlier_of, entry_for, read_entry
from analysis_operator.report.store import ObjectStore, StoreError
from analysis_operator.report.writer import JSON_LIMIT
from analyzer_contract import Result

_READERS, _WRITERS = 4, 2
_SECONDS = 5.0
"""How long a request waits for S3, which answers in milliseconds; the first one after a start makes the client, too."""
_PATIENCE_SECONDS = 10.0
"""How long before that it waits for its turn, when thousands come at once."""
_PAUSE_SECONDS = 60.0
_FRESH_SECONDS = 60.0
"""For so long a result that just came about, or was just confirmed, is not read again."""
_MOST_FRESH = 2000

log = structlog.get_logger(__name__)


class VerdictCache:
    """Finds and keeps earlier results. All calls come from one event loop.

    Args:
        results_uri: where results are, and the entries beside them.
        max_age: an older result is not adopted.
        clock: the time in UTC.
        store: reads and writes them.
        seconds: a monotonic clock.
    """

    def __init__(
        self,
        results_uri: str,
        max_age: timedelta,
        clock: Callable[[], datetime],
        store: ObjectStore | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._results_uri = results_uri
        self._max_age = max_age
        self._clock = clock
        self._seconds = seconds
        self._store = store or ObjectStore()
        self._turns = asyncio.Semaphore(_READERS)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="cache-read")
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="cache-write")
        self._fresh: OrderedDict[Question, tuple[float, Earlier]] = OrderedDict()
        self._reads_from = self._writes_from = 0.0
        self._writing: set[asyncio.Future[None]] = set()

    def fresh(self, question: Question) -> Earlier | None:
        """Return a result that came about, or was confirmed, within the last minute."""
        since, earlier = self._fresh.get(question, (0.0, None))
        return earlier if self._seconds() - since < _FRESH_SECONDS else None

    def confirm(self, question: Question, earlier: Earlier) -> None:
        """Take note that a result would be the same again now."""
        self._fresh.pop(question, None)
        self._fresh[question] = (self._seconds(), earlier)
        if len(self._fresh) > _MOST_FRESH:
            self._fresh.popitem(last=False)

    def forget(self, uid: str) -> None:
        """Take note that a request was deleted, perhaps with its results: from now on these are read again."""
        for question in [question for question, (_, earlier) in self._fresh.items() if earlier.uid == uid]:
            del self._fresh[question]

    async def look_up(self, question: Question) -> Earlier | None:
        """Return the last result for a question if it is young enough and still there."""
        if self._seconds() < self._reads_from:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            return None
        try:
            if self._seconds() < self._reads_from:
                return None
            async with asyncio.timeout(_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, question)
        except (TimeoutError, StoreError) as error:
            if self._seconds() >= self._reads_from:
                log.warning("earlier results are not read for a minute", error=str(error) or "S3 is too slow")
            self._reads_from = self._seconds() + _PAUSE_SECONDS
            return None
        finally:
            self._turns.release()

    def remember(self, question: Question, request: AnalysisRequest, result: Result, ended_at: datetime) -> bool:
        """Keep a result for later requests; return whether it is of use for them."""
        entry = entry_for(question, request, result, ended_at)
        if entry is None or result.result_uri != entry.result_uri(self._results_uri):
            return False
        known = self.fresh(question)
        if known is None or known.uid != entry.uid:
            self._write(question, entry)
        self.confirm(question, Earlier(entry.request, entry.uid, ended_at, entry.fingerprint, result, question.sha256))
        return True

    def _read(self, question: Question) -> Earlier | None:
        try:
            content = self._store.get(question.entry_uri(self._results_uri), ENTRY_LIMIT)
            if (entry := read_entry(content, question, self._clock(), self._max_age)) is None:
                return None
            uri = entry.result_uri(self._results_uri)
            return earlier_of(entry, self._store.get(uri, JSON_LIMIT), uri, question.sha256)
        except StoreError as error:
            if error.unusable:
                return None
            raise

    def _write(self, question: Question, entry: Entry) -> None:
        if self._seconds() < self._writes_from:
            return
        uri, body = question.entry_uri(self._results_uri), entry.model_dump_json(by_alias=True, exclude_none=True)
        writing = asyncio.get_running_loop().run_in_executor(
            self._writers, self._store.put, uri, body.encode(), "application/json"
        )
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and (error := writing.exception()) is not None:
            if self._seconds() >= self._writes_from:
                log.warning("results are not kept for later requests for a minute", error=str(error))
            self._writes_from = self._seconds() + _PAUSE_SECONDS
