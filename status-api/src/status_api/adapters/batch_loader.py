"""Many questions of one kind become few queries: what is asked while one query runs goes together into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

_MOST = 500


class Together[T]:
    """Asks by key, one query at a time. Nobody waits for others to come: the first one is asked at once.

    Args:
        ask: gives what there is of many keys.
    """

    def __init__(self, ask: Callable[[Collection[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._ask = ask
        self._waiting: dict[str, asyncio.Future[T | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def get(self, key: str) -> T | None:
        """Give what there is of one key, as it is after this call began. Raises what the query raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._work())
        return await asyncio.shield(future)  # one that is cancelled must not take the answer from others

    async def _work(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:_MOST]
                futures = {key: self._waiting.pop(key) for key in keys}
                await self._answer(futures)
        finally:
            self._asking = None

    async def _answer(self, futures: dict[str, asyncio.Future[T | None]]) -> None:
        try:
            found = await self._ask(futures.keys())
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone: that nobody looks is no news
                else:
                    future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for key, future in futures.items():
            future.set_result(found.get(key))
