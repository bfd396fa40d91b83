"""Writes the status of requests: no more often than people can read it, and never over what another wrote."""

from __future__ import annotations

import asyncio

import structlog

from analysis_operator import metrics
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.records.sink import Sink
from analysis_operator.requests.actions import Notify, Plan
from analysis_operator.requests.pace import Pace
from analysis_operator.requests.ports import Requests
from analysis_operator.requests.reading import Reader
from analysis_operator.requests.view import BACKOFF_SECONDS, Entry, RequestView, version_of
from analysis_operator.work_queue import WorkQueue

log = structlog.get_logger(__name__)

_PROGRESS_RATE = 5.0
_PROGRESS_BURST = 50
"""Of all requests together: a pod that comes and goes changes the reason of each one that waits for it."""


class StatusWriter:
    """Writes what was decided, and reads a request again whose version is not the latest.

    Args:
        requests: writes them.
        reader: reads what was written over, and confirms what is gone.
        view: of all requests.
        queue: of those to be planned again.
        sink: keeps what was written.
    """

    def __init__(self, requests: Requests, reader: Reader, view: RequestView, queue: WorkQueue, sink: Sink) -> None:
        self._requests = requests
        self._reader = reader
        self._view = view
        self._queue = queue
        self._sink = sink
        self._pace = Pace(_PROGRESS_RATE, _PROGRESS_BURST)
        self._pace_of_finished = Pace(_PROGRESS_RATE, _PROGRESS_BURST)

    def may_write(self, uid: str, entry: Entry) -> bool:
        """Return whether progress may be written now; if not, the request is planned again when it may."""
        now = asyncio.get_running_loop().time()
        if now < entry.write_not_before:
            self._queue.add_later(uid, entry.write_not_before - now, low=True)
            return False
        if entry.turn is None:
            pace = self._pace_of_finished if entry.request.status.finished else self._pace
            entry.turn = pace.reserve(now)
        if now < entry.turn:
            self._queue.add_later(uid, entry.turn - now, low=True)
            return False
        entry.turn = None
        return True

    async def write(self, uid: str, entry: Entry, decided: Plan) -> bool:
        """Write the status that was decided. Return whether it is written; if not, the request is planned again."""
        base, status = entry.version, decided.status
        if status.finished and not entry.request.status.finished:
            entry.ends.update((status.finished_at, event) for event in decided.actions if isinstance(event, Notify))
        try:
            written = await self._requests.write_status(entry.request, status)
        except Conflict:
            await self._reader.read_again(uid, entry, base)
            return False
        except Gone:
            await self._reader.confirm_deleted(uid)
            return False
        except ApiUnavailable as error:
            log.warning("status not written, will be tried again", uid=uid, error=str(error))
            self._view.retry(uid)
            return False
        metrics.STATUS_WRITES.inc()
        if version_of(written) > entry.version:
            entry.request = written
            self._sink.offer(written)
        entry.backoff = BACKOFF_SECONDS[0]
        entry.hold_progress()
        return True
