"""Work of an earlier operator goes on in the pod that has it, and is no one's loss where it cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from analysis_operator.errors import Busy
from analysis_operator.requests import resumption
from analysis_operator.requests.ports import Endpoint
from tests.support.operator.dispatching import Scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.dispatcher.close()


async def test_an_operator_that_ends_leaves_the_work_to_its_pod(scene: Scene) -> None:
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    await scene.dispatcher.close()
    assert scene.analyzers.cancelled == []


async def test_work_goes_on_where_it_was_before_anything_new_however_busy_that_pod_is() -> None:
    scene = Scene(pods=2)
    scene.enqueue("b", "c", "d")
    await scene.until(lambda: scene.dispatcher.runs("b") and scene.dispatcher.runs("c"))
    scene.enqueue("a", resume_on="pod-1")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.given[2:] == [("pod-1", "a")]
    assert scene.dispatcher.backlog("audio") == (1, 3)
    await scene.dispatcher.close()


async def test_a_pod_that_is_full_of_work_of_an_earlier_operator_goes_on_with_that_work(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Busy(60, ["b.audio", "unknown.audio", "."])]
    scene.enqueue("a", "b", "c")
    await scene.until(lambda: scene.dispatcher.runs("b"))
    assert scene.analyzers.given == [("pod-0", "a"), ("pod-0", "b")]
    assert scene.dispatcher.backlog("audio") == (2, 1)


async def test_work_of_an_earlier_operator_that_is_not_the_same_any_more_makes_room(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Busy(60, ["a.audio"])]
    scene.enqueue("a")
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.cancelled == [("pod-0", "a")]


async def test_a_pod_goes_on_with_no_more_than_it_has_slots_for(scene: Scene) -> None:
    scene.analyzers.answers["pod-0"] = [Busy(60, ["b.audio", "c.audio"])]
    scene.enqueue("a", "b", "c")
    await scene.until(lambda: scene.dispatcher.runs("b"))
    assert scene.dispatcher.backlog("audio") == (2, 1)


async def test_work_waits_a_moment_for_the_pod_that_had_it_and_then_goes_anywhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumption, "_RESUME_SECONDS", 0.05)
    scene.enqueue("a", resume_on="gone")
    assert scene.dispatcher.backlog("audio") == (0, 1)
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.given == [("pod-0", "a")]


async def test_work_that_goes_on_meets_its_pod_when_that_is_known(scene: Scene) -> None:
    scene.enqueue("a", resume_on="late")
    scene.enqueue("a", resume_on="late")
    assert scene.analyzers.given == []
    scene.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.0:8000"), Endpoint("late", "10.0.0.9:8000")])
    await scene.until(lambda: scene.dispatcher.runs("a"))
    assert scene.analyzers.given == [("late", "a")]
    scene.enqueue("b", resume_on="later")
    scene.dispatcher.stop("b")
    assert scene.dispatcher.backlog("audio") == (0, 1)
