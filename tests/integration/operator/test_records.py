"""The operator writes records into a real PostgreSQL, and goes on without it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.operator.process import API, until
from tests.support.records.postgres import Postgres

if TYPE_CHECKING:
    from tests.support.aws.s3 import S3Process
    from tests.support.operator.world import World

pytestmark = pytest.mark.integration

Row = tuple[object, ...]
_COUNT = 200


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def rows(postgres: Postgres, query: str) -> list[Row]:
    with postgres.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type,unused-ignore]  # not a literal


def finished(world: World, prefix: str) -> dict[str, Any]:
    """Return every finished request of these names, by UID."""
    by_uid = {}
    for item in world.server.read.list("analysisrequest"):
        conditions = {entry["type"]: entry for entry in item["status"]["conditions"]}
        if item["metadata"]["name"].startswith(prefix) and conditions["Finished"]["status"] == "True":
            by_uid[item["metadata"]["uid"]] = item
    return by_uid


def waiting(world: World) -> float:
    match = re.search(r"^silver_guardian_records_waiting (\S+)$", world.operator.get("/metrics")[1], re.MULTILINE)
    return float(match[1]) if match else -1


def test_a_database_killed_under_200_requests_delays_none_and_is_right_at_the_end(
    make_world: Callable[..., World], postgres: Postgres
) -> None:
    world = make_world(pods=2, concurrency=8, database_url=postgres.url())
    until(lambda: rows(postgres, "SELECT to_regclass('analyses') IS NOT NULL") == [(True,)], "the tables to be made")
    with ThreadPoolExecutor(1) as beside:
        asking = beside.submit(world.ask_many, "burst", _COUNT, world.put("burst.json"))
        until(lambda: rows(postgres, "SELECT count(*) > 10 FROM analyses") == [(True,)], "the first rows")
        assert not asking.done(), "many are still to come"
        postgres.kill()
        asking.result()
    until(lambda: len(finished(world, "burst")) == _COUNT, "every request to finish without a database")
    assert world.operator.get("/readyz")[0] == 200
    assert waiting(world) > 0

    postgres.start()
    until(lambda: waiting(world) == 0, "the records to catch up")
    expected = finished(world, "burst")
    recorded = rows(
        postgres, "SELECT uid::text, verdict, score, reason, status, resource_version, deleted_at FROM analyses"
    )
    assert {uid: tuple(rest) for uid, *rest in recorded} == {
        uid: (
            item["status"]["verdict"],
            item["status"]["score"],
            "Completed",
            item["status"],
            int(item["metadata"]["resourceVersion"]),
            None,
        )
        for uid, item in expected.items()
    }
    ends = rows(postgres, "SELECT uid::text FROM transitions WHERE reason = 'Completed'")
    assert len(ends) == _COUNT
    assert {uid for (uid,) in ends} == expected.keys(), "one end in the history of each"
    assert "password" not in world.operator.log()

    # What happens while no operator runs is found when one comes back, and what was written is not written again.
    before = rows(postgres, "SELECT uid, revision FROM analyses WHERE name <> 'burst-0' ORDER BY uid")
    world.operator.stop(signal.SIGKILL)
    world.server.kubectl("delete", "areq/burst-0")
    world.operator.start()
    deleted = "SELECT verdict IS NOT NULL FROM analyses WHERE name = 'burst-0' AND deleted_at IS NOT NULL"
    until(lambda: rows(postgres, deleted) == [(True,)], "the deletion to be recorded")
    until(lambda: waiting(world) == 0, "the records to catch up")
    assert rows(postgres, "SELECT uid, revision FROM analyses WHERE name <> 'burst-0' ORDER BY uid") == before

    # A row is written before its request goes, however soon that is.
    world.ask("fleeting", world.put("fleeting.json"), ttlSecondsAfterFinished=0)
    fleeting = "SELECT verdict IS NOT NULL FROM analyses WHERE name = 'fleeting' AND deleted_at IS NOT NULL"
    until(lambda: rows(postgres, fleeting) == [(True,)], "the record of a request that is gone at once")


def test_an_erasure_takes_everything_of_an_analysis(
    make_world: Callable[..., World], postgres: Postgres, s3: S3Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    places = {"results_uri": "s3://media/results", "uploads_uri": "s3://media/uploads"}
    world = make_world(database_url=postgres.url(), **places)
    client = world.s3.client()

    def keys(prefix: str) -> list[str]:
        return [item["Key"] for item in client.list_objects_v2(Bucket="media", Prefix=prefix).get("Contents", [])]

    for name in ("mine", "other"):
        world.ask(name, world.put(f"uploads/default/{name}.json"))
        assert world.wait(name)["verdict"]
    recorded = "SELECT name FROM analyses WHERE name IN ('mine', 'other') AND verdict IS NOT NULL ORDER BY name"
    until(lambda: rows(postgres, recorded) == [("mine",), ("other",)], "the records")
    uid = world.server.read.get("analysisrequest", "mine")["metadata"]["uid"]
    assert keys("results/default/mine/")
    spec = {"name": "mine", "uid": uid, "analyzers": ["scripted"]}
    world.server.apply({"apiVersion": API, "kind": "AnalysisErasure", "metadata": {"name": uid}, "spec": spec})
    until(lambda: rows(postgres, recorded) == [("other",)], "the record to go")
    assert keys("results/default/mine/") == []
    assert keys("uploads/default/") == ["uploads/default/other.json"]
    assert len(keys("results/default/other/")) > 1
    left = [item["metadata"]["name"] for item in world.server.read.list("analysisrequest")]
    assert "mine" not in left
    assert "other" in left
    world.server.kubectl("delete", "aerase", "--all", "-n", "default")
