"""Run the parts of a process until a signal comes or one of them ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)

Part = Coroutine[None, None, None]

_EXIT_SECONDS = 10.0


class StopSignal:
    """Waits for SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self._received = asyncio.Event()

    async def wait(self) -> None:
        """Take the signals, and wait for one."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._received.set)
        await self._received.wait()
        log.info("stopping")


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


async def run_until_one_ends(*parts: Part) -> None:
    """Run the parts until one ends, then cancel the others. Raises what the first raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_EXIT_SECONDS)
    for task in done:
        task.result()
