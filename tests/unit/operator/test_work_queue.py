"""Each key once, never by two workers at a time, urgent before leisurely."""

from __future__ import annotations

import asyncio

from analysis_operator.work_queue import WorkQueue
from tests.support.waiting import PATIENCE_SECONDS


async def test_a_key_added_twice_is_handed_out_once() -> None:
    queue = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert await queue.get() == "a"
    assert len(queue) == 0


async def test_an_urgent_key_goes_before_a_leisurely_one_and_can_become_urgent() -> None:
    queue = WorkQueue()
    queue.add("slow", low=True)
    queue.add("later", low=True)
    queue.add("fast")
    queue.add("later")
    assert [await queue.get() for _ in range(3)] == ["fast", "later", "slow"]


async def test_a_key_added_while_a_worker_has_it_waits_until_it_is_done() -> None:
    queue = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    waiting = asyncio.create_task(queue.get())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    queue.done(key)
    assert await asyncio.wait_for(waiting, PATIENCE_SECONDS) == "a"


async def test_of_several_times_the_earliest_counts() -> None:
    queue = WorkQueue()
    queue.add_later("a", 60)
    queue.add_later("a", 0.01)
    queue.add_later("a", 30)
    assert await asyncio.wait_for(queue.get(), PATIENCE_SECONDS) == "a"


async def test_what_was_forgotten_does_not_come_later() -> None:
    queue = WorkQueue()
    queue.add_later("a", 0.01)
    queue.forget("a")
    queue.add_later("b", 0.03)
    assert await asyncio.wait_for(queue.get(), PATIENCE_SECONDS) == "b"
    assert len(queue) == 0
