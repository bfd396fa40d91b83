"""Delete requests whose time to live is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from analysis_operator.errors import ApiUnavailable
from analysis_operator.requests.closed import ClosedRequests
from analysis_operator.requests.ports import Requests

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5
_PAUSE = timedelta(seconds=30)
"""After a deletion that failed, or one that no watch has confirmed yet."""


class Expiry:
    """Deletes what has expired, one request after the other: a backlog of deletions must not hold up verdicts.

    A request stays until its subscribers have the event about its end: it is what remembers that.

    Args:
        requests: deletes them.
        closed: those that can expire.
        clock: the time in UTC.
        clock_doubted: whether that is perhaps wrong: then nothing is deleted.
    """

    def __init__(
        self,
        requests: Requests,
        closed: ClosedRequests,
        clock: Callable[[], datetime],
        clock_doubted: Callable[[], bool],
    ) -> None:
        self._clock_doubted = clock_doubted
        self._requests = requests
        self._closed = closed
        self._clock = clock

    async def run(self) -> None:
        """Delete until cancelled."""
        while True:
            for request in () if self._clock_doubted() else self._closed.expired(self._clock()):
                self._closed.try_again(request.uid, self._clock() + _PAUSE)
                if request.unsent:
                    continue
                try:
                    await self._requests.delete(request)
                except ApiUnavailable as error:
                    name = f"{request.namespace}/{request.name}"
                    log.warning("expired request not deleted, will be tried again", request=name, error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)
