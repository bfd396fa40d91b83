"""Calls that are answered together: few queries, and the right answer for every call."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from status_api.adapters.batch_loader import BatchLoader


class Source:
    """Answers a query when it is let."""

    def __init__(self) -> None:
        self.queries: list[list[str]] = []
        self.let = asyncio.Event()
        self.known = {"a": 1, "b": 2, "c": 3}
        self.failure: Exception | None = None

    async def ask(self, keys: Collection[str]) -> dict[str, int]:
        self.queries.append(sorted(keys))
        await self.let.wait()
        if self.failure is not None:
            raise self.failure
        return {key: self.known[key] for key in keys if key in self.known}


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_asked_while_a_query_runs_goes_together_into_the_next() -> None:
    source = Source()
    loader = BatchLoader(source.ask)
    first = asyncio.create_task(loader.get("a"))
    await settled()
    others = [asyncio.create_task(loader.get(key)) for key in ("b", "c", "b", "unknown")]
    late = asyncio.create_task(loader.get("a"))  # the query that runs may have read before this was asked
    await settled()
    source.let.set()
    assert await asyncio.gather(first, *others, late) == [1, 2, 3, 2, None, 1]
    assert source.queries == [["a"], ["a", "b", "c", "unknown"]]


async def test_a_failure_is_raised_in_every_call_and_the_next_call_queries_again() -> None:
    source = Source()
    loader = BatchLoader(source.ask)
    source.failure = ConnectionError("the database is away")
    source.let.set()
    both = await asyncio.gather(loader.get("a"), loader.get("a"), return_exceptions=True)
    assert [str(error) for error in both] == ["the database is away"] * 2
    source.failure = None
    assert await loader.get("a") == 1


async def test_a_cancelled_call_leaves_the_others_their_answer() -> None:
    source = Source()
    loader = BatchLoader(source.ask)
    gone, stays = asyncio.create_task(loader.get("a")), asyncio.create_task(loader.get("a"))
    await settled()
    gone.cancel()
    source.let.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await stays == 1
