"""Run the parts of a process until a signal comes or one of them ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine

import structlog

log = structlog.get_logger(__name__)

Part = Coroutine[None, None, None]

_EXIT_SECONDS = 10.0


class StopSignal:
    """Waits for SIGTERM or SIGINT. Kopf takes both for itself when it starts, and then lets five seconds pass."""

    def __init__(self) -> None:
        self._received = asyncio.Event()
        self._returns: set[asyncio.Task[None]] = set()

    def before_kopf(self) -> asyncio.Event:
        """Return the event that a kopf operator has to set when it has started: then the signals are taken back."""
        started = asyncio.Event()
        task = asyncio.create_task(self._take_back(started))
        self._returns.add(task)
        task.add_done_callback(self._returns.discard)
        return started

    async def wait(self) -> None:
        """Wait for a signal."""
        if not self._returns:
            self._take()
        await self._received.wait()
        log.info("stopping")

    async def _take_back(self, started: asyncio.Event) -> None:
        await started.wait()
        self._take()

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._received.set)


async def finished_before(stop: StopSignal, event: Part, *others: Part) -> bool:
    """Wait for `event` to finish; False if a signal came first. Raises what `event` or one of the others raises."""
    tasks = [asyncio.create_task(part) for part in (event, stop.wait(), *others)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in done:
        task.result()
    return tasks[0] in done


async def run_until_one_ends(*parts: Part, before_cancel: Callable[[], Awaitable[None]]) -> None:
    """Run the parts until one ends, then await `before_cancel` and cancel the others. Raises what the first raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await before_cancel()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_EXIT_SECONDS)
    for task in done:
        task.result()
