"""A queue of keys to reconcile: each key once, never by two workers at a time, urgent ones first."""

from __future__ import annotations

import asyncio
from collections import deque


class WorkQueue:
    """Keys that wait for a worker.

    A key added while a worker has it is handed out again afterwards. ``low`` keys go when no other waits.
    """

    def __init__(self) -> None:
        self._lanes: tuple[deque[str], deque[str]] = (deque(), deque())
        self._waiting: dict[str, bool] = {}
        self._busy: set[str] = set()
        self._timers: dict[str, tuple[float, asyncio.TimerHandle]] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str, *, low: bool = False) -> None:
        """Hand this key to a worker soon. A key that waits with ``low`` becomes urgent by a call without it."""
        if key in self._waiting and (low or not self._waiting[key]):
            return
        self._waiting[key] = low
        if key not in self._busy:
            self._lanes[low].append(key)
            self._wake.set()

    def add_later(self, key: str, seconds: float, *, low: bool = False) -> None:
        """Hand this key to a worker after a while; the earliest of several such times counts."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None:
            if timer[0] <= at:
                return
            timer[1].cancel()
        self._timers[key] = (at, loop.call_later(seconds, self._due, key, low))

    def forget(self, key: str) -> None:
        """Cancel what :meth:`add_later` has planned for a key."""
        if timer := self._timers.pop(key, None):
            timer[1].cancel()

    async def get(self) -> str:
        """Wait for a key and take it; call :meth:`done` with it afterwards."""
        while True:
            for low, lane in enumerate(self._lanes):
                while lane:
                    key = lane.popleft()
                    if key not in self._busy and self._waiting.get(key) == bool(low):
                        del self._waiting[key]
                        self._busy.add(key)
                        return key
            self._wake.clear()
            await self._wake.wait()

    def done(self, key: str) -> None:
        """Return a key that :meth:`get` gave; if it was added meanwhile, it waits again."""
        self._busy.discard(key)
        if key in self._waiting:
            self._lanes[self._waiting[key]].append(key)
            self._wake.set()

    def _due(self, key: str, low: bool) -> None:
        self._timers.pop(key, None)
        self.add(key, low=low)
