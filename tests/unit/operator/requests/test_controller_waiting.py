"""Requests that wait in the reconcile path: for a slot, outside, and suspended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from analysis_operator.api import ConditionType
from analysis_operator.errors import ApiUnavailable
from analysis_operator.requests.intake import Intake
from tests.support.operator.reconciling import Scene, hurried


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with hurried(monkeypatch) as made:
        yield made


async def test_what_waits_for_a_slot_when_it_is_cancelled_waits_no_longer(scene: Scene) -> None:
    scene.pods(0)
    scene.apply()
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    scene.apply(cancel=True)
    await scene.until(lambda: scene.status().finished)
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (0, 0))
    scene.pods(1)
    await asyncio.sleep(0.05)
    assert scene.analyzers.started == 0


async def test_a_flood_of_one_namespace_waits_outside_and_another_is_served_at_once(scene: Scene) -> None:
    flooded = Scene(Intake(most=5, own=2))
    flooded.pods(0)
    running = asyncio.create_task(flooded.controller.run())
    for number in range(40):
        flooded.apply(f"flood-{number}", "flood")
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (5, 0))
    assert len(list(flooded.controller.view.unfinished())) == 5
    assert len(flooded.controller.view.resource_versions()) == 40, "what waits outside is known"
    flooded.apply("call", "family")
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (6, 0))
    await flooded.api.delete(flooded.api.list()[-1].metadata)
    flooded.apply("flood-39", "flood", cancel=True)
    await flooded.until(lambda: any(found.status.finished for found in flooded.api.list()))
    flooded.api.reads = [ApiUnavailable("ill")]
    flooded.pods(2)
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (0, 0))
    flooded.api.reads = []
    flooded.controller.requeue_all()  # as the resync does now and then
    await flooded.until(lambda: all(found.status.finished for found in flooded.api.list()))
    first = min(flooded.api.list(), key=lambda found: (found.status.finished_at, found.metadata.namespace != "family"))
    assert first.metadata.namespace == "family" or first.spec.cancel
    running.cancel()


async def test_suspended_requests_hold_up_nobody_and_run_once_they_are_resumed() -> None:
    flooded = Scene(Intake(most=2, own=0))
    running = asyncio.create_task(flooded.controller.run())
    suspended = [f"held-{number}" for number in range(6)]
    for name in suspended:
        flooded.apply(name, suspend=True)

    def reasons() -> set[str]:
        conditions = [found.status.condition(ConditionType.SUCCEEDED) for found in flooded.api.list()]
        return {condition.reason for condition in conditions if condition}

    await flooded.until(lambda: reasons() == {"Suspended"})
    await flooded.until(lambda: not list(flooded.controller.view.unfinished()))
    assert len(flooded.controller.view.resource_versions()) == 6, "they are known"
    assert flooded.analyzers.started == 0
    flooded.apply("call")
    await flooded.until(lambda: any(found.status.finished for found in flooded.api.list()))
    for name in suspended:
        flooded.apply(name, suspend=False)
    await flooded.until(lambda: all(found.status.finished for found in flooded.api.list()))
    assert flooded.analyzers.started == 7
    running.cancel()


async def test_a_suspended_request_ends_at_its_deadline() -> None:
    scene = Scene()
    running = asyncio.create_task(scene.controller.run())
    scene.apply(suspend=True, deadlineSeconds=60)
    await scene.until(
        lambda: scene.controller.view.resource_versions() and not list(scene.controller.view.unfinished())
    )
    scene.later = timedelta(seconds=61)
    scene.controller.requeue_all()  # as the resync does now and then
    await scene.until(lambda: scene.status().finished)
    condition = scene.status().condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert condition.reason == "DeadlineExceeded"
    running.cancel()
