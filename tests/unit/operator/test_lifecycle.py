"""Parts that run until a signal comes or one of them ends."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from analysis_operator.lifecycle import StopSignal, finished_before, run_until_one_ends
from tests.support.waiting import PATIENCE_SECONDS, until


async def forever() -> None:
    await asyncio.Event().wait()


async def soon() -> None:
    await asyncio.sleep(0)


async def fails() -> None:
    raise OSError("the part failed")


async def test_an_event_that_finishes_before_a_signal() -> None:
    assert await finished_before(StopSignal(), soon())


async def test_a_signal_ends_the_wait() -> None:
    stop, untouched = StopSignal(), signal.getsignal(signal.SIGTERM)
    waiting = asyncio.create_task(finished_before(stop, forever(), forever()))
    await until(lambda: signal.getsignal(signal.SIGTERM) is not untouched)  # or it would end this process
    os.kill(os.getpid(), signal.SIGTERM)
    assert not await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_a_part_that_fails_ends_the_others_and_is_raised() -> None:
    steps: list[str] = []

    async def part() -> None:
        try:
            await forever()
        finally:
            steps.append("cancelled")

    with pytest.raises(OSError, match="the part failed"):
        await asyncio.wait_for(run_until_one_ends(part(), fails()), PATIENCE_SECONDS)
    assert steps == ["cancelled"]
