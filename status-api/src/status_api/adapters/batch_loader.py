"""Many calls become few queries: keys that are asked for while one query runs go together into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

_MOST = 500


class BatchLoader[T]:
    """Loads values by key, one query at a time. The first call is not delayed to wait for others.

    Args:
        load: returns the values of many keys; unknown keys are left out.
    """

    def __init__(self, load: Callable[[Collection[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._load = load
        self._waiting: dict[str, asyncio.Future[T | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: str) -> T | None:
        """Return the value of one key, read after this call began, or None. Raises what the query raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await asyncio.shield(future)  # cancelling one call must not cancel the others' answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:_MOST]
                futures = {key: self._waiting.pop(key) for key in keys}
                await self._answer(futures)
        finally:
            self._task = None

    async def _answer(self, futures: dict[str, asyncio.Future[T | None]]) -> None:
        try:
            values = await self._load(futures.keys())
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # mark it as seen: the caller may have been cancelled
                else:
                    future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for key, future in futures.items():
            future.set_result(values.get(key))
