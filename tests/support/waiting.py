"""Waiting for what comes, and measuring what is promised in seconds, on a machine that may be busy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.shell import PATIENCE_SECONDS

__all__ = ["PATIENCE_SECONDS", "Stopwatch", "until"]

_PRESSURE = Path("/proc/pressure/cpu")
_SHARE_UNKNOWN = 0.1


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Poll until the condition holds; fail, naming what was awaited, after `PATIENCE_SECONDS`."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - whatever changes it has no event of its own
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE_SECONDS:.0f} s: {what}") from None


class Stopwatch:
    """Seconds that pass while every task on this machine gets a CPU when it wants one.

    A promise such as "within two seconds" is one of a machine that is not overloaded. Linux counts the time in which
    some task waited for a CPU (pressure stall information, `some` in /proc/pressure/cpu); that time is left out. Where
    the kernel does not count it, a tenth of all time is taken.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._waited = _waited_for_cpu()

    @property
    def seconds(self) -> float:
        """How many seconds have passed so."""
        passed = time.monotonic() - self._began
        waited = _waited_for_cpu()
        if waited is None or self._waited is None:
            return passed * _SHARE_UNKNOWN
        return max(0.0, passed - (waited - self._waited))


def _waited_for_cpu() -> float | None:
    try:
        some = _PRESSURE.read_text().splitlines()[0]
    except OSError:
        return None
    return int(some.rpartition("total=")[2]) / 1e6
