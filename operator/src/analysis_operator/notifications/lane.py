"""The events that wait for one sink, and when the next one is sent. One sink that fails holds up no other."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

from analysis_operator.notifications.ports import Failed, Refused, Reply

_AT_ONCE = 4
_DOUBTED_FROM = 3
"""Failures in a row from which on people are told."""


class Lane:
    """Sends what waits for one sink: some at a time while it takes them, one at a time while it fails.

    Args:
        key: of its subscription.
        send: sends the event of one subject, by its UID; None: there is nothing to send any more.
        pause: the pause after so many failures.
    """

    def __init__(
        self, key: str, send: Callable[[str], Awaitable[Reply | None]], pause: Callable[[str, int], timedelta]
    ) -> None:
        self._key = key
        self._send = send
        self._pause = pause
        self._waiting: list[tuple[float, int, str, int]] = []
        self._order = count()
        self._failures = 0
        self._not_before = 0.0
        self._sending: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self.problem: Failed | Refused | None = None
        """What the last replies said, if they were failures; the last word of a retired sink."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sending)

    @property
    def retired(self) -> bool:
        """Whether the sink said that it takes no more events."""
        return isinstance(self.problem, Refused)

    @property
    def failing(self) -> bool:
        """Whether the sink failed so often in a row that people should know."""
        return self.retired or self._failures >= _DOUBTED_FROM

    def add(self, uid: str, attempts: int = 0) -> None:
        """Send the event of this subject when it is its turn; one that failed waits a while, behind the others."""
        loop = asyncio.get_running_loop()
        rest = self._pause(f"{uid}/{self._key}", attempts).total_seconds() if attempts else 0.0
        heapq.heappush(self._waiting, (loop.time() + rest, next(self._order), uid, attempts))
        self._changed.set()
        if self._loop is None or self._loop.done():  # an idle lane costs no task
            self._loop = asyncio.create_task(self._run())

    def stop(self) -> None:
        """End what is being sent."""
        for task in (*self._sending, *([self._loop] if self._loop else ())):
            task.cancel()
        self._waiting.clear()

    async def _run(self) -> None:
        while self._waiting or self._sending:
            self._changed.clear()
            left = self._left()
            if left is None or left > 0:
                try:
                    await asyncio.wait_for(self._changed.wait(), left)
                except TimeoutError:
                    continue
            else:
                _, _, uid, attempts = heapq.heappop(self._waiting)
                task = asyncio.create_task(self._attempt(uid, attempts))
                self._sending.add(task)
                task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._changed.set()

    def _left(self) -> float | None:
        """Return in how many seconds the next event may be sent; None: not before something changes."""
        if not self._waiting or len(self._sending) >= (1 if self._failures else _AT_ONCE):
            return None
        return max(self._waiting[0][0], self._not_before) - asyncio.get_running_loop().time()

    async def _attempt(self, uid: str, attempts: int) -> None:
        reply = await self._send(uid)
        match reply:
            case None:
                return
            case Failed():
                self.problem, self._failures = reply, self._failures + 1
                rest = max(self._pause(self._key, self._failures).total_seconds(), reply.retry_after)
                self._not_before = asyncio.get_running_loop().time() + rest
                self.add(uid, attempts + 1)
            case Refused(retired=True):
                self.problem = reply
            case _:
                self.problem, self._failures, self._not_before = None, 0, 0.0
