"""The sink over a real PostgreSQL that is not there, slow, or set back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from analysis_operator.api import AnalysisRequest
from analysis_operator.records import sink as adapter
from analysis_operator.records.sink import NotErased, PostgresSink
from analysis_operator.requests.plan import plan
from analysis_records.errors import SchemaOutdated
from analysis_records.reader import Reader
from tests.support.operator.requests import NOW, observed, request, result, run
from tests.support.records.postgres import Postgres
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration


def ended(number: int, version: int = 5, **spec: Any) -> AnalysisRequest:
    queued = request(**spec)
    status = plan(observed(queued, runs={"audio": run(result())}), NOW).status
    meta = {"uid": str(uuid.UUID(int=number)), "resource_version": str(version), "name": f"call-{number}"}
    return queued.model_copy(update={"status": status, "metadata": queued.metadata.model_copy(update=meta)})


class Cluster:
    """The requests that there are, and a sink that is offered them again when it asks."""

    def __init__(self, url: str) -> None:
        self.sink = PostgresSink(url, lambda: datetime.now(UTC))
        self.reader = Reader(url)
        self.requests: dict[str, AnalysisRequest] = {}
        self.asked: list[str] = []

    def put(self, *requests: AnalysisRequest) -> None:
        for item in requests:
            self.requests[item.metadata.uid] = item
            self.sink.offer(item)

    async def versions(self) -> dict[str, int]:
        return {uid: int(item.metadata.resource_version) for uid, item in self.requests.items()}

    async def reoffer(self, uid: str) -> None:
        self.asked.append(uid)
        self.sink.offer(self.requests[uid])

    async def version(self, number: int) -> int | None:
        with suppress(SchemaOutdated):  # the sink has not made the tables yet
            record = await self.reader.get("default", str(uuid.UUID(int=number)))
            return record.resource_version if record and not record.deleted_at else None
        return None

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def until_empty(self) -> None:
        async def empty() -> bool:
            return not self.sink._outbox

        await self.until(empty)


@pytest.fixture
async def cluster(empty: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    monkeypatch.setattr(adapter, "_BACKOFF", (0.05, 0.2))
    instance = Cluster(empty)
    yield instance
    await instance.reader.close()


@pytest.fixture
async def running(cluster: Cluster) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(cluster.sink.run(cluster.versions, cluster.reoffer))
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_empty_database_is_migrated_and_filled(cluster: Cluster, running: asyncio.Task[None]) -> None:
    cluster.put(*(ended(number) for number in range(250)))
    await cluster.until_empty()
    await cluster.until(lambda: cluster.version(249))
    page = await cluster.reader.list("default", None, 1000)
    assert len(page.records) == 250
    assert cluster.asked == [], "what was offered is not read again"


async def test_a_database_set_back_and_deletions_that_were_missed_are_found(
    cluster: Cluster, postgres: Postgres
) -> None:
    cluster.put(ended(1), ended(2), ended(3))
    first = asyncio.create_task(cluster.sink.run(cluster.versions, cluster.reoffer))
    await cluster.until_empty()
    await cluster.until(lambda: cluster.version(3))
    first.cancel()
    await asyncio.wait([first])
    with postgres.connect(cluster.reader._engine.url.database or "") as connection:
        connection.execute("DELETE FROM analyses WHERE name = 'call-1'")
        connection.execute("UPDATE analyses SET resource_version = 1 WHERE name = 'call-2'")
    del cluster.requests[str(uuid.UUID(int=3))]
    second = asyncio.create_task(cluster.sink.run(cluster.versions, cluster.reoffer))
    await cluster.until(lambda: cluster.version(1))
    await cluster.until_empty()
    second.cancel()
    await asyncio.wait([second])
    assert [await cluster.version(number) for number in (1, 2, 3)] == [5, 5, None]
    record = await cluster.reader.get("default", str(uuid.UUID(int=3)))
    assert record is not None
    assert record.verdict == "NoEvidence", "the record outlives the resource"


async def test_an_erased_record_is_gone_with_its_history_and_with_what_waits(
    cluster: Cluster, running: asyncio.Task[None]
) -> None:
    one, two = (str(uuid.UUID(int=number)) for number in (1, 2))
    cluster.put(ended(1), ended(2))
    await cluster.until(lambda: cluster.version(2))
    await cluster.sink.erase("somebody-else", one)
    assert await cluster.version(1) == 5
    cluster.put(ended(1, version=9))
    await cluster.sink.erase("default", one)
    assert await cluster.reader.get("default", one) is None
    assert await cluster.reader.history("default", one) == ()
    await cluster.sink.erase("default", one)
    assert await cluster.version(2) == 5
    assert await cluster.reader.history("default", two)


async def test_a_database_that_is_away_erases_nothing_and_says_so(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_ERASE_SECONDS", 0.05)
    with pytest.raises(NotErased, match="does not answer"):
        await cluster.sink.erase("default", str(uuid.UUID(int=1)))


async def test_a_row_that_cannot_be_stored_does_not_hold_up_the_others(
    cluster: Cluster, running: asyncio.Task[None]
) -> None:
    bad = ended(2)
    bad = bad.model_copy(update={"metadata": bad.metadata.model_copy(update={"uid": "no-uuid"})})
    cluster.put(ended(1), bad, ended(3))
    await cluster.until(lambda: cluster.version(3))
    await cluster.until_empty()
    assert await cluster.version(1) == 5
    assert not running.done()


async def test_while_a_lock_holds_it_up_news_gathers_and_the_newest_is_written(
    cluster: Cluster, running: asyncio.Task[None], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.put(ended(1, version=1))
    await cluster.until(lambda: cluster.version(1))
    monkeypatch.setattr("analysis_records.database.STATEMENT_SECONDS", 1)
    with postgres.connect(cluster.reader._engine.url.database or "") as connection, connection.transaction():
        connection.execute("LOCK TABLE analyses IN ACCESS EXCLUSIVE MODE")
        for version in range(2, 100):
            cluster.put(ended(1, version=version))
            await asyncio.sleep(0.02)
        assert len(cluster.sink._outbox) <= 1
        assert not running.done()
    await cluster.until(lambda: _is(cluster, 99))


async def _is(cluster: Cluster, version: int) -> bool:
    return await cluster.version(1) == version


async def test_a_database_that_falls_silent_is_given_up_and_found_again(
    cluster: Cluster, running: asyncio.Task[None], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.put(ended(1))
    await cluster.until(lambda: cluster.version(1))
    for name in ("CONNECT_SECONDS", "STATEMENT_SECONDS", "_GRACE_SECONDS"):
        monkeypatch.setattr(f"analysis_records.database.{name}", 1)
    before = _failures()
    postgres.freeze()
    try:
        cluster.put(ended(1, version=6), ended(2))
        await cluster.until(lambda: _more_than(before))
        assert len(cluster.sink._outbox) == 2
    finally:
        postgres.thaw()
    await cluster.until(lambda: _is(cluster, 6))
    await cluster.until(lambda: cluster.version(2))


def _failures() -> float:
    labels = {"cause": "DatabaseUnavailable"}
    return REGISTRY.get_sample_value("silver_guardian_database_failures_total", labels) or 0


async def _more_than(before: float) -> bool:
    return _failures() > before
