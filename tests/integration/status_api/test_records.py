"""The API over a real PostgreSQL; the cluster behind it counts who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.local.status_api import LocalAnalyses
from analysis_records.migrate import migrate
from analysis_records.reader import Reader
from analysis_records.writer import Writer
from status_api.adapters.records import RecordedAnalyses
from status_api.app import create_app
from status_api.auth import StaticTokens
from status_api.naming import Key
from status_api.ports import Entry
from status_api.settings import Settings
from tests.support.records.postgres import Postgres
from tests.support.records.rows import finished, row
from tests.support.web.status_api import FIRST, NOW, TOKENS, Clock, NoStorage, body

pytestmark = pytest.mark.integration


class Cluster(LocalAnalyses):
    """Requests in memory, counting how often one is asked for."""

    def __init__(self) -> None:
        super().__init__(MemoryRequests(Clock()))
        self.asked = 0

    async def get(self, tenant: str, key: Key) -> Entry | None:
        self.asked += 1
        return await super().get(tenant, key)


@dataclass
class World:
    client: httpx.AsyncClient
    cluster: Cluster
    writer: Writer
    recorded: RecordedAnalyses


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    migrate(database)
    reader, writer, cluster = Reader(database), Writer(database), Cluster()
    recorded = RecordedAnalyses(reader, cluster)
    app = create_app(Settings(), recorded, NoStorage(), StaticTokens(TOKENS), ready=recorded.ready)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {FIRST}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        yield World(client, cluster, writer, recorded)
    await reader.close()
    await writer.close()


def path(number: int) -> str:
    record = row(number)
    return f"/v1/analyses/{record.name}.{record.uid}"


async def test_records_are_read_and_the_cluster_is_not_touched(world: World) -> None:
    await world.writer.upsert([row(number, namespace="one") for number in range(1, 6)])
    first = await world.client.get(path(3))
    assert first.status_code == 200
    assert first.json()["state"] == "Waiting"
    unchanged = {"If-None-Match": first.headers["ETag"]}
    assert [(await world.client.get(path(3), headers=unchanged)).status_code for _ in range(5)] == [304] * 5
    status = {
        "verdict": "Suspicious",
        "score": 85,
        "conditions": [{"type": "Finished", "status": "True", "reason": "Completed"}],
    }
    await world.writer.upsert([finished(3, namespace="one", status=status)])
    changed = await world.client.get(path(3), headers=unchanged)
    assert (changed.status_code, changed.json()["verdict"], changed.json()["state"]) == (200, "Suspicious", "Finished")
    seen, query = [], {"limit": "2"}
    while True:
        page = (await world.client.get("/v1/analyses", params=query)).json()
        seen += [item["id"].partition(".")[0] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [f"call-{number}" for number in range(5, 0, -1)]
    assert world.cluster.asked == 0


async def test_another_tenants_record_is_not_there(world: World) -> None:
    await world.writer.upsert([row(1, namespace="two")])
    assert (await world.client.get(path(1))).status_code == 404
    assert (await world.client.get("/v1/analyses")).json()["items"] == []
    await world.writer.upsert([row(2, namespace="one")])
    assert (await world.client.get(path(2))).status_code == 200
    wrong = f"/v1/analyses/another-name.{row(2).uid}"
    assert [(await world.client.get(wrong)).status_code for _ in range(2)] == [404, 404]


async def test_what_was_created_a_moment_ago_is_found_before_its_record_is_there(world: World) -> None:
    where = (await world.client.post("/v1/analyses", json=body())).headers["Location"]
    assert (await world.client.get(where)).status_code == 200
    assert world.cluster.asked == 1


async def test_analyses_that_wait_are_counted_with_and_before_their_records(world: World) -> None:
    deleted, ended = row(3, namespace="one"), finished(4, namespace="one")
    await world.writer.upsert([row(1, namespace="one"), row(2, namespace="two"), deleted, ended])
    await world.writer.mark_deleted({deleted.uid: NOW})
    assert await world.recorded.unfinished("one") == 1
    made = [(await world.client.post("/v1/analyses", json=body())).json()["id"].partition(".")[2] for _ in range(2)]
    assert await world.recorded.unfinished("one") == 3
    await world.writer.upsert([replace(row(5, namespace="one"), uid=made[0]), replace(ended, uid=made[1])])
    assert await world.recorded.unfinished("one") == 2


async def test_a_database_that_is_down_is_said_and_found_again(world: World, postgres: Postgres) -> None:
    await world.writer.upsert([row(1, namespace="one")])
    assert (await world.client.get("/readyz")).status_code == 200
    postgres.kill()
    answers = [await world.client.get(url) for url in (path(1), "/v1/analyses")]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("Retry-After" in answer.headers for answer in answers)
    assert (await world.client.get("/readyz")).status_code == 503
    await asyncio.to_thread(postgres.start)
    assert (await world.client.get(path(1))).status_code == 200
    assert world.cluster.asked == 0, "an outage of the database must not become one of the API server"
