"""Take part in the election from a thread of its own: the Lease is renewed whatever the operator's event loop does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine

from analysis_operator.kube.client import KubeApi
from analysis_operator.leader.lease import Leadership


class ElectionThread:
    """The Leadership of another event loop, with connections of its own to the API server.

    Args:
        elect: makes that Leadership over the connections it gets.
    """

    def __init__(self, elect: Callable[[KubeApi], Leadership]) -> None:
        self._elect = elect
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="election", daemon=True)
        self._thread.start()

    async def start(self) -> None:
        """Connect to the API server. Call it before every other method."""
        await self._there(self._connect())

    def stands_by(self) -> bool:
        """Return whether another process leads."""
        return self._leadership.stands_by()

    async def acquire(self) -> None:
        """Wait until this process leads."""
        await self._there(self._leadership.acquire())

    async def renew_until_lost(self) -> None:
        """Keep leading until cancelled. Raises LeaseLost when another process may lead from now on."""
        await self._there(self._leadership.renew_until_lost())

    def holds(self) -> bool:
        """Return whether no other process can lead at this moment, however long this one was suspended."""
        return self._leadership.holds()

    async def release(self) -> None:
        """Let another process lead at once. Never raises."""
        await self._there(self._leadership.release())

    async def close(self) -> None:
        """Close the connections, and end the thread."""
        await self._there(self._api.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _connect(self) -> None:
        self._api = await KubeApi.connect()
        self._leadership = self._elect(self._api)

    async def _there(self, part: Coroutine[None, None, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(part, self._loop))
