"""Read requests again: after a conflict, an answer that one is gone, or a watch that does not deliver one any more."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.requests.ports import Named, Requests
from analysis_operator.requests.view import Entry, RequestView
from analysis_operator.work_queue import WorkQueue

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 30.0


class Reader:
    """Brings single requests in the view up to date. A request that cannot be read is tried again later.

    Args:
        requests: reads them.
        view: takes them in.
        queue: gets those that are to be planned again.
        on_deleted: is told of one that was deleted.
    """

    def __init__(
        self, requests: Requests, view: RequestView, queue: WorkQueue, on_deleted: Callable[[str], None]
    ) -> None:
        self._requests = requests
        self._view = view
        self._queue = queue
        self._on_deleted = on_deleted

    async def confirm_deleted(self, uid: str) -> bool:
        """Read a request that is gone by an answer: only a second such answer counts, since proxies send them, too.

        Returns:
            Whether it was in the view and is gone.
        """
        request = self._view.open_request(uid)
        if request is None:
            return False
        try:
            if await self._read(request.metadata):
                self._queue.add(uid)
            else:
                self._view.retry(uid)
        except Gone:
            self._on_deleted(uid)
            return True
        return False

    async def read_whole(self, uid: str) -> None:
        """Read a request of which little is kept: edited after its end, or left aside and not delivered any more."""
        if (which := self._view.to_read.get(uid)) is None:
            return
        try:
            if not await self._read(which):
                self._queue.add_later(uid, _PAUSE_SECONDS, low=True)
                return
        except Gone:
            if uid not in self._view.closed:  # the deletion of a closed one is reported by its watch
                self._on_deleted(uid)
        self._view.to_read.pop(uid, None)

    async def read_left(self, uid: str, entry: Entry, left_at: int) -> None:
        """Read a request that the watch does not deliver any more, to learn whether it is closed or deleted."""
        try:
            await self._read(entry.request.metadata)
        except Gone:
            self._on_deleted(uid)
            return
        if entry.version < left_at:
            self._view.retry(uid)
        else:
            entry.left_at = None
            self._queue.add(uid)

    async def read_again(self, uid: str, entry: Entry, base: int) -> None:
        """After a conflict on the version `base`: plan again at once if there is a newer one, and else later."""
        try:
            await self._read(entry.request.metadata)
        except Gone:
            await self.confirm_deleted(uid)
            return
        if entry.version > base:
            self._queue.add(uid)
        else:
            self._view.retry(uid)

    async def _read(self, which: Named) -> bool:
        """Return whether it was read. Raises Gone."""
        try:
            self._view.observe(await self._requests.get(which))
        except ApiUnavailable as error:
            log.warning("request not read, will be tried again", uid=which.uid, error=str(error))
            return False
        return True
