"""Slots, waiting and streams, with analyzers that answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from analysis_operator.errors import Busy, Draining, Lost, Unreachable
from analysis_operator.parts import backlog_of
from analysis_operator.requests import dispatcher
from analysis_operator.requests.limits import Limits, NamespaceLimits
from analysis_operator.requests.observation import PodLost
from analysis_operator.requests.ports import Endpoint
from analysis_operator.scaling.external_scaler import Backlog
from tests.support.operator.dispatching import Scene
from tests.support.waiting import until


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.dispatcher.close()


async def test_no_more_run_than_there_are_slots_and_the_next_starts_when_one_is_free(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.dispatcher.backlog("audio") == (1, 1)
    assert scene.analyzers.given == [("pod-0", "a")]
    scene.analyzers.release.set()
    await scene.until(lambda: scene.dispatcher.runs("b") and scene.dispatcher.runs("b")["audio"].outcome)
    assert [uid for _, uid in scene.analyzers.given] == ["a", "b"]


async def test_free_slots_wait_for_others_when_a_namespace_runs_as_many_as_it_may() -> None:
    scene = Scene(pods=3, limits=Limits({"default": NamespaceLimits(max_running=1)}))
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.dispatcher.backlog("audio") == (0, 1), "KEDA makes no pod for what may not run"
    scene.analyzers.release.set()
    await scene.until(lambda: scene.dispatcher.runs("b"))
    await scene.dispatcher.close()


async def test_a_priority_counts_up_to_the_ceiling_of_its_namespace() -> None:
    scene = Scene(limits=Limits({"*": NamespaceLimits(max_priority=10)}))
    scene.enqueue("runs")
    await scene.until(lambda: scene.dispatcher.runs("runs"))
    scene.enqueue("first", priority=10)
    scene.enqueue("pushy", priority=1000)
    scene.analyzers.release.set()
    await scene.until(lambda: len(scene.analyzers.given) == 3)
    assert [uid for _, uid in scene.analyzers.given] == ["runs", "first", "pushy"]
    await scene.dispatcher.close()


async def test_a_paused_pool_begins_nothing_and_ends_what_it_runs(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    changes: list[str] = []
    scene.dispatcher.backlog_changed.connect(changes.append)
    scene.dispatcher.set_pool("audio", 1, paused=True)
    assert changes == ["audio"], "KEDA's streams are told"
    assert backlog_of(scene.dispatcher, "audio") == Backlog(queued=0, running=1, slots=1, concurrency=1)
    scene.analyzers.release.set()
    await scene.until(lambda: scene.dispatcher.runs("a")["audio"].outcome)
    assert backlog_of(scene.dispatcher, "audio") == Backlog(queued=0, running=0, slots=1, concurrency=1)
    assert scene.dispatcher.backlog("audio") == (1, 0), "people see what waits"
    scene.dispatcher.set_pool("audio", 1)
    await scene.until(lambda: scene.dispatcher.runs("b"))


async def test_enqueueing_what_waits_or_runs_changes_nothing(scene: Scene) -> None:
    scene.enqueue("a", "b", "a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    scene.enqueue("a", "b")
    assert scene.dispatcher.backlog("audio") == (1, 1)


async def test_work_is_spread_over_the_pods() -> None:
    scene = Scene(pods=2, concurrency=2)
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("b"))
    assert {pod for pod, _ in scene.analyzers.given} == {"pod-0", "pod-1"}
    await scene.dispatcher.close()


@pytest.mark.parametrize(
    "refusal", [Busy(0.05), Draining("draining"), Unreachable("refused")], ids=lambda error: type(error).__name__
)
async def test_a_pod_that_takes_nothing_costs_the_analysis_nothing(refusal: Exception) -> None:
    scene = Scene(pods=2)
    scene.analyzers.answers["pod-0"] = [refusal]
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.given == [("pod-0", "a"), ("pod-1", "a")]
    assert scene.dispatcher.runs("a")["audio"].outcome is None
    await scene.dispatcher.close()


async def test_the_only_pod_is_asked_again_after_its_rest(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Busy(0.05)]
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert len(scene.analyzers.given) == 2


async def test_a_stream_that_breaks_is_a_lost_pod_until_it_is_recorded(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Lost("reset")]
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert isinstance(scene.dispatcher.runs("a")["audio"].outcome, PodLost)
    scene.enqueue("a")
    assert scene.dispatcher.backlog("audio") == (0, 0), "an outcome is recorded before the next attempt"
    scene.dispatcher.recorded("a", "audio")
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.dispatcher.runs("a")["audio"].outcome is None


async def test_what_is_stopped_neither_runs_nor_waits(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    scene.dispatcher.stop("a")
    scene.dispatcher.stop("b", "audio")
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (0, 0))
    assert scene.dispatcher.runs("a") == {}
    assert [uid for _, uid in scene.analyzers.given] == ["a"]
    await until(lambda: scene.analyzers.cancelled == [("pod-0", "a")])


async def test_requests_that_wait_for_a_pool_are_planned_again_when_it_goes(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    while not scene.changed.empty():
        scene.changed.get_nowait()
    scene.dispatcher.drop_pool("audio")
    assert {await scene.changed.get(), await scene.changed.get()} == {"a", "b"}
    assert scene.dispatcher.pools() == {}


async def test_a_slot_is_free_again_when_its_attempt_is_stopped_before_its_first_step(scene: Scene) -> None:
    scene.enqueue("a")
    scene.dispatcher.stop("a")
    scene.enqueue("b")
    await scene.until(lambda: scene.dispatcher.runs("b"))
    assert scene.dispatcher.backlog("audio") == (0, 1)
    assert [uid for _, uid in scene.analyzers.given] == ["b"]


async def test_a_pod_of_the_same_name_is_reached_at_its_new_address(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Unreachable("no route")]
    scene.enqueue("a")
    await scene.until(lambda: scene.analyzers.given)
    scene.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.9.9.9:8000")])
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.addresses == ["10.0.0.0:8000", "10.9.9.9:8000"]


async def test_a_pod_that_is_not_ready_for_a_moment_gets_no_more_than_it_has_slots(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    for ready in (False, False, True):
        scene.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.0:8000")] if ready else [])
        await asyncio.sleep(0)
    assert [uid for _, uid in scene.analyzers.given] == ["a"]
    scene.analyzers.release.set()
    await scene.until(lambda: scene.dispatcher.runs("b"))


async def test_nothing_is_told_to_run_before_a_pod_has_begun(scene: Scene) -> None:
    scene.analyzers.begin.clear()
    scene.enqueue("a")
    await until(lambda: scene.analyzers.given)
    assert scene.dispatcher.runs("a") == {}, "the pod has been asked, and may refuse"
    scene.analyzers.begin.set()
    await scene.until(lambda: scene.dispatcher.runs("a"))


async def test_nothing_starts_any_more_when_the_dispatcher_closes(scene: Scene) -> None:
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    await scene.dispatcher.close()
    await asyncio.sleep(0.01)
    assert [uid for _, uid in scene.analyzers.given] == ["a"]


async def test_a_pod_that_lost_one_analysis_rests_before_it_gets_another(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Lost("reset"), Lost("reset")]
    scene.enqueue("a", "b")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.dispatcher.backlog("audio") == (1, 0), "b waits, though the slot is free"
    await scene.until(lambda: scene.dispatcher.runs("b"))
    assert [uid for _, uid in scene.analyzers.given] == ["a", "b"]


async def test_the_end_of_one_analysis_is_news_only_to_the_pool_that_it_waited_for(scene: Scene) -> None:
    scene.dispatcher.set_pool("video", 1)
    scene.enqueue("a", "b")
    told: list[str] = []
    scene.dispatcher.backlog_changed.connect(told.append)
    scene.dispatcher.stop("stranger")
    assert told == []
    scene.dispatcher.stop("b")
    assert told == ["audio"]


async def test_pods_that_are_ready_and_refuse_again_and_again_are_told_until_one_takes_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_UNREACHABLE_PAUSE", 0.01)
    scene.analyzers.answers["pod-0"] = [Unreachable("no route") for _ in range(12)]

    def told() -> str:
        return scene.dispatcher.pools()["audio"].refusal

    scene.enqueue("a", "b")
    await scene.until(told)
    assert told() == "Its pods are ready and refuse work: pod-0 cannot be reached."
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert told() == ""
