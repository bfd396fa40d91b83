"""Analyzers and their pods as the watches deliver them, with an API server that applies everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from analysis_operator import metrics
from analysis_operator.analyzers import applier
from analysis_operator.analyzers import controller as controller_module
from analysis_operator.kube.objects import ANALYZER_LABEL
from analysis_operator.requests.observation import PoolView
from tests.support.operator.analyzer_pools import Denying, Editing, Json, Scene, Taken, analyzer, pod, running
from tests.support.operator.requests import request
from tests.support.waiting import until
from tests.unit.operator.analyzers.test_prober import Pod


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with running(Scene()) as made:
        yield made


async def test_pods_keep_their_port_when_the_analyzer_gets_another(scene: Scene) -> None:
    old, new = pod(), pod("audio-2", "q", "10.0.0.2")
    old["spec"] = {"containers": [{"ports": [{"name": "http", "containerPort": 8000}]}]}
    new["spec"] = {"containers": [{"name": "proxy"}, {"ports": [{"name": "http", "containerPort": 9000}]}]}
    scene.controller.observe(analyzer("a", 1, port=8000))
    scene.controller.observe_pod(old, gone=False)
    scene.controller.observe(analyzer("a", 2, 2, port=9000))
    scene.controller.observe_pod(new, gone=False)
    pods = scene.dispatcher._pools["audio"].pods.values()
    assert [known.endpoint.address for known in pods] == ["10.0.0.1:8000", "10.0.0.2:9000"]


@pytest.mark.parametrize("deletion", [True, False], ids=["both observed", "only the new one observed"])
async def test_an_analyzer_that_was_created_again_keeps_the_pods_that_still_run(scene: Scene, deletion: bool) -> None:
    scene.controller.observe(analyzer("a", 1))
    scene.controller.observe_pod(pod(), gone=False)
    if deletion:
        scene.controller.on_deleted("audio", "a")
    scene.controller.observe(analyzer("b", 5))
    assert scene.dispatcher.pools() == {"audio": PoolView(slots=1)}


async def test_the_end_of_the_old_analyzer_takes_nothing_from_the_new_one(scene: Scene) -> None:
    scene.controller.observe(analyzer("a", 1))
    scene.controller.observe(analyzer("b", 5))
    scene.controller.on_deleted("audio", "a")
    assert "audio" in scene.dispatcher.pools()
    scene.controller.on_deleted("audio", "b")
    assert scene.dispatcher.pools() == {}


async def test_the_end_of_an_old_pod_takes_nothing_from_its_namesake(scene: Scene) -> None:
    scene.controller.observe(analyzer())
    scene.controller.observe_pod(pod(uid="old"), gone=False)
    scene.controller.observe_pod(pod(uid="new", address="10.0.0.2"), gone=False)
    scene.controller.observe_pod(pod(uid="old"), gone=True)
    assert scene.dispatcher.pools() == {"audio": PoolView(slots=1)}


async def test_a_spec_first_seen_in_the_answer_to_a_status_write_is_applied(scene: Scene) -> None:
    edited = analyzer(version=3, generation=2, concurrency=4)
    scene.api.answer = lambda status: edited | {"status": status}
    scene.controller.observe(analyzer())
    scene.controller.observe_pod(pod(), gone=False)
    await until(lambda: scene.api.statuses)
    scene.controller.observe(edited)
    await until(lambda: scene.api.concurrency() == "4")
    assert scene.dispatcher.pools() == {"audio": PoolView(slots=4, concurrency=4)}


async def test_the_answer_to_a_status_write_does_not_undo_a_newer_spec(scene: Scene) -> None:
    def answer(status: Json) -> Json:
        scene.controller.observe(analyzer(version=3, generation=2, concurrency=4))
        return analyzer(version=2) | {"status": status}

    scene.api.answer = answer
    scene.controller.observe(analyzer())
    await until(lambda: scene.api.statuses and scene.api.concurrency() == "4")


async def test_what_was_deleted_during_a_status_write_stays_away(scene: Scene) -> None:
    def answer(status: Json) -> Json:
        scene.controller.on_deleted("audio", "a")
        return analyzer(version=2) | {"status": status}

    scene.api.answer = answer
    scene.controller.observe(analyzer())
    await until(lambda: scene.api.statuses)
    await asyncio.sleep(0.05)
    assert scene.dispatcher.pools() == {}


async def test_no_backlog_is_exported_of_an_analyzer_that_was_deleted(scene: Scene) -> None:
    def gauges() -> list[float | None]:
        names = ("silver_guardian_queued", "silver_guardian_running")
        return [REGISTRY.get_sample_value(name, {"analyzer": "audio"}) for name in names]

    scene.controller.observe(analyzer())
    metrics.QUEUED.labels("audio").set(3)
    metrics.RUNNING.labels("audio").set(1)
    assert gauges() == [3, 1]
    scene.controller.on_deleted("audio", "a")
    assert gauges() == [None, None]


async def test_a_status_that_is_written_settles(scene: Scene) -> None:
    scene.controller.observe(analyzer())
    scene.controller.observe_pod(pod(), gone=False)
    await until(lambda: scene.api.statuses and len(scene.api.applied) >= 6)
    await asyncio.sleep(0.1)
    assert len(scene.api.statuses) == 1
    assert len(scene.api.applied) == 6


async def test_a_scaled_pool_starts_without_pods_and_says_nothing_of_its_size_again(scene: Scene) -> None:
    scene.controller.observe(analyzer())
    await until(lambda: scene.api.statuses)
    (first,) = scene.api.created
    assert (first["kind"], first["spec"]["replicas"]) == ("Deployment", 0)
    (applied,) = [child for child in scene.api.applied if child["kind"] == "Deployment"]
    assert "replicas" not in applied["spec"]


async def test_a_pool_of_fixed_size_has_it_in_the_deployment_and_no_scaled_object(scene: Scene) -> None:
    scene.controller.observe(analyzer(replicas=3))
    await until(lambda: scene.api.statuses)
    assert scene.api.created == []
    kinds = {child["kind"]: child for child in scene.api.applied}
    assert kinds["Deployment"]["spec"]["replicas"] == 3
    assert "ScaledObject" not in kinds


async def test_a_pod_that_is_leaving_or_has_ended_is_no_pod_of_the_pool(scene: Scene) -> None:
    scene.controller.observe(analyzer())
    evicted = pod("audio-2", "q")
    evicted["status"] = {"phase": "Failed", "conditions": []}
    leaving = pod("audio-3", "r")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:00Z"
    for raw in (pod(), evicted, leaving):
        scene.controller.observe_pod(raw, gone=False)
    await until(lambda: scene.api.statuses)
    assert scene.api.statuses[-1]["replicas"] == 1
    assert scene.dispatcher.pools() == {"audio": PoolView(slots=1)}


async def test_what_is_denied_is_not_tried_again_at_everything_that_happens() -> None:
    async with running(Scene(Denying())) as scene:
        scene.controller.observe(analyzer())
        await until(lambda: scene.api.statuses)
        tried = len(scene.api.applied)
        for number in range(5):
            scene.controller.observe_pod(pod(f"audio-{number}", f"p{number}"), gone=False)
            await asyncio.sleep(0.02)
        assert len(scene.api.applied) == tried
        scene.controller.observe(analyzer(version=9, generation=2, concurrency=4))  # an edit may be what corrects it
        await until(lambda: len(scene.api.applied) > tried)


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_spec_that_is_edited_while_it_is_applied_is_told_of_once_it_was_applied_too(
    refuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applier, "_BACKOFF_SECONDS", (600.0, 600.0))  # what was corrected does not wait for it
    edited = analyzer(version=9, generation=2, concurrency=4)
    api = Editing(lambda: made.controller.observe(edited), refuses=refuses)
    made = Scene(api)
    told_after: list[str] = []

    def answer(status: Json) -> Json:
        told_after.append(api.concurrency() if status["observedGeneration"] == 2 else "1")
        return edited | {"status": status}

    api.answer = answer
    async with running(made):
        made.controller.observe(analyzer())
        await until(lambda: "4" in told_after)
    assert set(told_after) == {"4"}
    (ready,) = [each for each in api.statuses[-1]["conditions"] if each["type"] == "Ready"]
    assert ready["reason"] != "ObjectRefused"


async def test_an_analyzer_named_like_the_operator_takes_nothing_of_it() -> None:
    async with running(Scene(Taken())) as scene:
        scene.controller.observe(analyzer())
        await until(lambda: scene.api.statuses)
        assert scene.api.applied == []
        (ready,) = [each for each in scene.api.statuses[-1]["conditions"] if each["type"] == "Ready"]
        assert (ready["status"], ready["reason"]) == ("False", "ObjectRefused")
        assert "belongs to no Analyzer: give the Analyzer another name" in ready["message"]


async def test_a_deployment_that_keda_scales_is_not_applied_again_and_one_that_is_edited_is(scene: Scene) -> None:
    scene.controller.observe(analyzer())
    await until(lambda: len(scene.api.applied) == 6)
    (applied,) = [child for child in scene.api.applied if child["kind"] == "Deployment"]
    known = applied | {"metadata": applied["metadata"] | {"uid": "c", "generation": 2}}
    scene.controller.observe_child(known | {"spec": applied["spec"] | {"replicas": 3}}, gone=False)
    await asyncio.sleep(0.05)
    assert len(scene.api.applied) == 6
    scene.controller.observe_child(known | {"spec": applied["spec"] | {"revisionHistoryLimit": 9}}, gone=False)
    await until(lambda: len(scene.api.applied) == 12)


async def test_a_pod_that_answered_and_then_crashed_takes_no_work_until_it_answers_again(scene: Scene) -> None:
    async with Pod().listening() as service:
        service.ready = True
        host, port = service.address.split(":")
        starting = pod(address=host)
        starting["metadata"]["resourceVersion"] = "1"
        starting["status"] |= {"conditions": [], "containerStatuses": [{"restartCount": 0, "state": {"running": {}}}]}
        scene.api.answer = lambda status: analyzer(version=2, port=int(port)) | {"status": status}
        scene.controller.observe(analyzer(port=int(port)))
        scene.controller.observe_pod(starting, gone=False)
        scene.dispatcher.enqueue(request(), "audio", None, None)
        await until(lambda: scene.dispatcher.pools()["audio"].slots == 1)
        service.ready = False
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
        starting["metadata"]["resourceVersion"] = "2"
        starting["status"]["containerStatuses"] = [{"restartCount": 1, "state": {"waiting": waiting}}]
        scene.controller.observe_pod(starting, gone=False)
        assert scene.dispatcher.pools()["audio"].slots == 0
        assert "crashes" in scene.dispatcher.pools()["audio"].problem
        service.ready = True
        await until(lambda: scene.dispatcher.pools()["audio"].slots == 1)


async def test_waiting_requests_show_another_problem_only_now_and_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(message: str) -> str:
        refused = {"type": "ReplicaFailure", "status": "True", "message": message}
        meta = {"name": "audio", "labels": {ANALYZER_LABEL: "audio"}, "generation": 1}
        deployment = {"kind": "Deployment", "metadata": meta, "spec": {}, "status": {"conditions": [refused]}}
        scene.controller.observe_child(deployment, gone=False)
        return scene.dispatcher.pools()["audio"].problem

    monkeypatch.setattr(controller_module, "_PROBLEM_SECONDS", 1.0)
    scene.controller.observe(analyzer())
    assert "1 of 2" in says("1 of 2")
    assert "1 of 2" in says("2 of 2")
    await until(lambda: "2 of 2" in scene.dispatcher.pools()["audio"].problem)


async def test_a_condition_that_comes_and_goes_is_one_event(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller_module, "_STATUS_SECONDS", 0.0)
    for generation in range(1, 7):
        size: Json = {} if generation % 2 else {"replicas": 1}
        made = analyzer(version=2 * generation, generation=generation, **size)
        answer = made | {"metadata": made["metadata"] | {"resourceVersion": str(2 * generation + 1)}}
        scene.api.answer = lambda status, answer=answer: answer | {"status": status}  # type: ignore[misc]
        scene.controller.observe(made)
        await until(lambda: len(scene.api.statuses) == generation)  # noqa: B023
    assert [event["reason"] for event in scene.api.events] == ["FixedSize"]
