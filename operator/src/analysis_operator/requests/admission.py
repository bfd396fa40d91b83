"""Take up the requests that were left aside, in the place of those that have finished or are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from analysis_operator.api import AnalysisRequest
from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.requests.ports import Requests
from analysis_operator.requests.view import RequestView

log = structlog.get_logger(__name__)


class Admission:
    """Reads those whose turn it is; one round of it runs at a time.

    Args:
        requests: reads them.
        view: has those that were left aside, and takes them in.
        on_gone: is told of one that was deleted.
        clock: the time in UTC, or None while it is perhaps wrong.
    """

    def __init__(
        self,
        requests: Requests,
        view: RequestView,
        on_gone: Callable[[str], None],
        clock: Callable[[], datetime | None],
    ) -> None:
        self._on_gone = on_gone
        self._clock = clock
        self._requests = requests
        self._view = view
        self._task: asyncio.Task[None] | None = None

    def make_room(self, uid: str = "") -> None:
        """Take up those that have room now, since this request has finished or is gone."""
        self._view.intake.done(uid)
        if self._task is None and self._next() is not None:
            self._task = asyncio.create_task(self._admit())

    def _next(self) -> AnalysisRequest | None:
        intake, now = self._view.intake, self._clock()
        return (intake.overdue(now) if now else None) or intake.following()

    async def _admit(self) -> None:
        intake = self._view.intake
        try:
            while (request := self._next()) is not None:
                try:
                    current = await self._requests.get(request.metadata)
                except Gone:
                    self._on_gone(request.metadata.uid)
                    continue
                intake.take(current)
                self._view.observe(current)
        except ApiUnavailable as error:
            log.warning("requests left aside are not read, will be tried again", error=str(error))
        finally:
            self._task = None
