"""Analyzers and their pods as the watches tell of them, with an API server that applies everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from analysis_operator import metrics
from analysis_operator.adapters.kube import KubeApi
from analysis_operator.core.children import ANALYZER_LABEL
from analysis_operator.core.observation import Pool
from analysis_operator.execute import Dispatcher
from analysis_operator.pools import Pools
from analysis_operator.ports import Endpoint
from analyzer_contract import AnalysisJob, Failure, Progress, Result

Json = dict[str, Any]


def analyzer(uid: str = "a", version: int = 1, generation: int = 1, **spec: Any) -> Json:
    return {
        "metadata": {
            "name": "audio",
            "namespace": "guardian",
            "uid": uid,
            "resourceVersion": str(version),
            "generation": generation,
        },
        "spec": {"image": "audio:1", **spec},
    }


def pod(name: str = "audio-1", uid: str = "p", address: str = "10.0.0.1") -> Json:
    return {
        "metadata": {"name": name, "uid": uid, "labels": {ANALYZER_LABEL: "audio"}},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": "True"}]},
    }


class Api:
    """Applies everything, and answers a status write with what `answer` gives."""

    def __init__(self) -> None:
        self.applied: list[Json] = []
        self.statuses: list[Json] = []
        self.answer: Callable[[Json], Json] = lambda status: analyzer(version=2) | {"status": status}

    async def apply(self, manifest: Json) -> Json:
        self.applied.append(manifest)
        return manifest | {"metadata": manifest["metadata"] | {"generation": 1}}

    async def call(self, _method: str, _path: str, *, body: Json, **_: object) -> Json:
        self.statuses.append(body["status"])
        return self.answer(body["status"])

    def concurrency(self) -> str:
        deployments = [found for found in self.applied if found["kind"] == "Deployment"]
        env: list[Mapping[str, str]] = deployments[-1]["spec"]["template"]["spec"]["containers"][0]["env"]
        return next(entry["value"] for entry in env if entry["name"] == "GUARDIAN_CONCURRENCY")


class NoRunner:
    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        raise NotImplementedError
        yield


class Scene:
    def __init__(self) -> None:
        clock = lambda: datetime.now(UTC)  # noqa: E731
        self.api = Api()
        self.dispatcher = Dispatcher(NoRunner(), clock, lambda _uid, _low: None)
        self.pools = Pools(cast("KubeApi", self.api), self.dispatcher, clock)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    running = asyncio.create_task(made.pools.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("told", [True, False], ids=["and both were told", "and only the new one was told"])
async def test_an_analyzer_that_was_made_again_keeps_the_pods_that_are_still_there(scene: Scene, told: bool) -> None:
    scene.pools.observe(analyzer("a", 1))
    scene.pools.observe_pod(pod(), gone=False)
    if told:
        scene.pools.vanished("audio", "a")
    scene.pools.observe(analyzer("b", 5))
    assert scene.dispatcher.pools() == {"audio": Pool(slots=1)}


async def test_the_end_of_the_old_analyzer_takes_nothing_from_the_new_one(scene: Scene) -> None:
    scene.pools.observe(analyzer("a", 1))
    scene.pools.observe(analyzer("b", 5))
    scene.pools.vanished("audio", "a")
    assert "audio" in scene.dispatcher.pools()
    scene.pools.vanished("audio", "b")
    assert scene.dispatcher.pools() == {}


async def test_the_end_of_an_old_pod_takes_nothing_from_its_namesake(scene: Scene) -> None:
    scene.pools.observe(analyzer())
    scene.pools.observe_pod(pod(uid="old"), gone=False)
    scene.pools.observe_pod(pod(uid="new", address="10.0.0.2"), gone=False)
    scene.pools.observe_pod(pod(uid="old"), gone=True)
    assert scene.dispatcher.pools() == {"audio": Pool(slots=1)}


async def test_a_spec_first_seen_in_the_answer_to_a_status_write_is_applied(scene: Scene) -> None:
    edited = analyzer(version=3, generation=2, concurrency=4)
    scene.api.answer = lambda status: edited | {"status": status}
    scene.pools.observe(analyzer())
    scene.pools.observe_pod(pod(), gone=False)
    await asyncio.sleep(0.05)
    scene.pools.observe(edited)
    await asyncio.sleep(0.05)
    assert scene.api.concurrency() == "4"
    assert scene.dispatcher.pools() == {"audio": Pool(slots=4)}


async def test_the_answer_to_a_status_write_does_not_undo_a_newer_spec(scene: Scene) -> None:
    def answer(status: Json) -> Json:
        scene.pools.observe(analyzer(version=3, generation=2, concurrency=4))
        return analyzer(version=2) | {"status": status}

    scene.api.answer = answer
    scene.pools.observe(analyzer())
    await asyncio.sleep(0.05)
    assert scene.api.concurrency() == "4"


async def test_what_vanished_during_a_status_write_stays_away(scene: Scene) -> None:
    def answer(status: Json) -> Json:
        scene.pools.vanished("audio", "a")
        return analyzer(version=2) | {"status": status}

    scene.api.answer = answer
    scene.pools.observe(analyzer())
    await asyncio.sleep(0.05)
    assert scene.dispatcher.pools() == {}


async def test_no_backlog_is_told_of_an_analyzer_that_is_no_more(scene: Scene) -> None:
    def told() -> list[float | None]:
        names = ("silver_guardian_queued", "silver_guardian_running")
        return [REGISTRY.get_sample_value(name, {"analyzer": "audio"}) for name in names]

    scene.pools.observe(analyzer())
    metrics.QUEUED.labels("audio").set(3)
    metrics.RUNNING.labels("audio").set(1)
    assert told() == [3, 1]
    scene.pools.vanished("audio", "a")
    assert told() == [None, None]


async def test_a_status_that_is_written_settles(scene: Scene) -> None:
    scene.pools.observe(analyzer())
    scene.pools.observe_pod(pod(), gone=False)
    await asyncio.sleep(0.1)
    assert len(scene.api.statuses) == 1
    assert len(scene.api.applied) == 5
