"""Ask starting pods themselves whether they are ready: the kubelet's probe and its report take up to two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp

_INTERVAL_SECONDS = 0.05
_TIMEOUT = aiohttp.ClientTimeout(total=1.0, sock_connect=0.5)


class ReadinessProber:
    """Probes the starting pods of each pool until they answer that they are ready.

    Args:
        on_ready: called with a pool's name when one of its pods has answered.
    """

    def __init__(self, on_ready: Callable[[str], None]) -> None:
        self._on_ready = on_ready
        self._tasks: dict[str, dict[str, asyncio.Task[None]]] = {}
        self._ready: dict[str, set[str]] = {}

    def probe(self, pool: str, starting: Mapping[str, str]) -> None:
        """Probe exactly these pods of a pool, UID → ``host:port``, from now on."""
        tasks = self._tasks.setdefault(pool, {})
        for uid in tasks.keys() - starting.keys():
            tasks.pop(uid).cancel()
        for uid, address in starting.items():
            if uid not in tasks:
                tasks[uid] = asyncio.create_task(self._until_ready(pool, uid, address))

    def ready(self, pool: str) -> set[str]:
        """Return the UIDs of the pods that have answered that they are ready."""
        return self._ready.get(pool, set())

    def forget(self, pool: str, uids: set[str]) -> None:
        """Forget answers: the kubelet's report counts from now on, or the pods are gone."""
        self._ready.get(pool, set()).difference_update(uids)

    def drop(self, pool: str) -> None:
        """Forget a pool."""
        self.probe(pool, {})
        del self._tasks[pool]
        self._ready.pop(pool, None)

    async def close(self) -> None:
        """Stop probing."""
        tasks = [task for pool in self._tasks.values() for task in pool.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_ready(self, pool: str, uid: str, address: str) -> None:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while not await _is_ready(session, address):  # noqa: ASYNC110  # another process is waited for
                await asyncio.sleep(_INTERVAL_SECONDS)
        self._ready.setdefault(pool, set()).add(uid)
        self._on_ready(pool)


async def _is_ready(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"http://{address}/readyz", allow_redirects=False) as answer:
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
