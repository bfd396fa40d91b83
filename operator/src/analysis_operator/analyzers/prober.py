"""Asks starting pods themselves whether they take work: the kubelet's probe and report cost up to two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp

_EVERY_SECONDS = 0.05
_TIMEOUT = aiohttp.ClientTimeout(total=1.0, sock_connect=0.5)


class ReadinessProber:
    """Knocks on the pods it is told of until each has answered that it is ready.

    Args:
        answered: called with a pool's name when one of its pods has answered.
    """

    def __init__(self, answered: Callable[[str], None]) -> None:
        self._answered = answered
        self._tasks: dict[str, dict[str, asyncio.Task[None]]] = {}
        self._ready: dict[str, set[str]] = {}

    def probe(self, pool: str, starting: Mapping[str, str]) -> None:
        """Knock on these pods of a pool, UID → ``host:port``, and on no others any more."""
        tasks = self._tasks.setdefault(pool, {})
        for uid in tasks.keys() - starting.keys():
            tasks.pop(uid).cancel()
        for uid, address in starting.items():
            if uid not in tasks:
                tasks[uid] = asyncio.create_task(self._until_ready(pool, uid, address))

    def ready(self, pool: str) -> set[str]:
        """Give the UIDs of the pods that have answered."""
        return self._ready.get(pool, set())

    def forget(self, pool: str, uids: set[str]) -> None:
        """Forget answers: the kubelet has taken over, or the pods are gone."""
        self._ready.get(pool, set()).difference_update(uids)

    def drop(self, pool: str) -> None:
        """Forget a pool."""
        self.probe(pool, {})
        del self._tasks[pool]
        self._ready.pop(pool, None)

    async def close(self) -> None:
        """Stop knocking."""
        tasks = [task for pool in self._tasks.values() for task in pool.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_ready(self, pool: str, uid: str, address: str) -> None:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while not await _is_ready(session, address):  # noqa: ASYNC110  # another process is waited for
                await asyncio.sleep(_EVERY_SECONDS)
        self._ready.setdefault(pool, set()).add(uid)
        self._answered(pool)


async def _is_ready(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"http://{address}/readyz", allow_redirects=False) as answer:
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
