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
from analysis_operator.adapters.analyzers_kube import KubeAnalyzers
from analysis_operator.adapters.kube import KubeApi
from analysis_operator.core.children import ANALYZER_LABEL
from analysis_operator.core.observation import Pool
from analysis_operator.execute import Dispatcher
from analysis_operator.keda import Keda
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
        self.created: list[Json] = []
        self.events: list[Json] = []
        self.answer: Callable[[Json], Json] = lambda status: analyzer(version=2) | {"status": status}

    async def create(self, manifest: Json) -> Json:
        self.created.append(manifest)
        return manifest

    async def apply(self, manifest: Json) -> Json:
        self.applied.append(manifest)
        return manifest | {"metadata": manifest["metadata"] | {"uid": "c", "generation": 1}}

    async def call(self, _method: str, path: str, *, body: Json, **_: object) -> Json:
        if path.endswith("/events"):
            self.events.append(body)
            return body
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


def now() -> datetime:
    return datetime.now(UTC)


def pools_of(api: object, dispatcher: Dispatcher) -> Pools:
    kube = cast("KubeApi", api)
    keda = Keda(kube, "guardian", "scaler:9090", lambda _: 0.0, now)
    return Pools(KubeAnalyzers(kube, "operator-1"), keda, dispatcher, now)


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        self.dispatcher = Dispatcher(NoRunner(), now, lambda _uid, _low: None)
        self.pools = pools_of(self.api, self.dispatcher)


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
    assert scene.dispatcher.pools() == {"audio": Pool(slots=4, concurrency=4)}


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
    assert len(scene.api.applied) == 6


async def test_a_scaled_pool_starts_without_pods_and_says_nothing_of_its_size_again(scene: Scene) -> None:
    scene.pools.observe(analyzer())
    await asyncio.sleep(0.05)
    (first,) = scene.api.created
    assert (first["kind"], first["spec"]["replicas"]) == ("Deployment", 0)
    (applied,) = [found for found in scene.api.applied if found["kind"] == "Deployment"]
    assert "replicas" not in applied["spec"]


async def test_a_pool_of_fixed_size_has_it_in_the_deployment_and_no_scaled_object(scene: Scene) -> None:
    scene.pools.observe(analyzer(replicas=3))
    await asyncio.sleep(0.05)
    assert scene.api.created == []
    kinds = {found["kind"]: found for found in scene.api.applied}
    assert kinds["Deployment"]["spec"]["replicas"] == 3
    assert "ScaledObject" not in kinds


async def test_a_pod_that_is_leaving_or_has_ended_is_no_pod_of_the_pool(scene: Scene) -> None:
    scene.pools.observe(analyzer())
    evicted = pod("audio-2", "q")
    evicted["status"] = {"phase": "Failed", "conditions": []}
    leaving = pod("audio-3", "r")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:00Z"
    for raw in (pod(), evicted, leaving):
        scene.pools.observe_pod(raw, gone=False)
    await asyncio.sleep(0.05)
    assert scene.api.statuses[-1]["replicas"] == 1
    assert scene.dispatcher.pools() == {"audio": Pool(slots=1)}
