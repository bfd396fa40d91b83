"""Earlier results are adopted instead of analysing the same object again, over a bucket in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.report.store import StoreError
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import FailureKind, FailureReason
from tests.support.operator.adopting import Scene, model
from tests.support.operator.cached import MAX_AGE
from tests.support.operator.requests import failure
from tests.support.waiting import until


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.stop()


async def test_the_same_object_is_analysed_once(scene: Scene) -> None:
    assert not await scene.one("first")
    assert await scene.one("second")
    third = scene.api.find("default", "second")
    assert third is not None
    assert third.status.analyses[0].cached_from is not None
    assert third.status.analyses[0].cached_from.name == "first"
    assert len(scene.analyzers.analysed) == 1


async def test_an_operator_that_starts_anew_finds_it_too(scene: Scene) -> None:
    await scene.one("first")
    await until(lambda: any("/.cached/" in uri for uri in scene.bucket.objects))
    await scene.stop()
    scene.start()
    assert await scene.one("second")


def object_(scene: Scene) -> None:
    scene.analyzers.etag = "e2"


@pytest.mark.parametrize("change", [model, object_])
async def test_what_decides_has_changed_so_it_is_analysed_anew_and_then_known(
    scene: Scene, change: Callable[[Scene], None]
) -> None:
    await scene.one("first")
    change(scene)
    assert not await scene.one("second")
    assert await scene.one("third")


async def test_two_tenants_share_nothing(scene: Scene) -> None:
    await scene.one("first")
    scene.apply("first", namespace="bank")
    assert await scene.ends("first", namespace="bank") == [False]
    assert len(scene.analyzers.analysed) == 2


async def test_refresh_asks_anew_and_is_what_the_next_one_gets(scene: Scene) -> None:
    await scene.one("first")
    assert not await scene.one("second", refresh=True)
    await scene.one("third")
    third = scene.api.find("default", "third")
    assert third is not None
    assert third.status.analyses[0].cached_from is not None
    assert third.status.analyses[0].cached_from.name == "second"


async def test_a_result_that_is_too_old_is_not_adopted(scene: Scene) -> None:
    await scene.one("first")
    await until(lambda: any("/.cached/" in uri for uri in scene.bucket.objects))
    await scene.stop()
    scene.later = MAX_AGE + timedelta(minutes=1)
    scene.start()
    assert not await scene.one("second")


async def test_where_it_is_off_nothing_is_adopted_or_kept() -> None:
    scene = Scene(cache=False)
    assert not await scene.one("first")
    assert not await scene.one("second")
    assert not any("/.cached/" in uri for uri in scene.bucket.objects)
    await scene.stop()


async def test_of_a_hundred_equal_requests_at_once_one_is_analysed(scene: Scene) -> None:
    names = [f"call-{number}" for number in range(100)]
    scene.apply(*names)
    adopted = await scene.ends(*names)
    assert (sum(adopted), len(scene.analyzers.analysed)) == (99, 1)


async def test_a_hundred_equal_requests_after_a_change_are_analysed_once(scene: Scene) -> None:
    await scene.one("first")
    model(scene)
    await scene.stop()
    scene.start()
    names = [f"call-{number}" for number in range(100)]
    scene.apply(*names)
    assert sum(await scene.ends(*names)) == 99
    assert len(scene.analyzers.analysed) == 2


async def test_if_that_one_fails_the_others_run_by_themselves(scene: Scene) -> None:
    scene.analyzers.failures = [failure(FailureKind.MEDIA, FailureReason.CORRUPT_MEDIA)] * 5
    await one_then_all_slots(scene)


async def test_where_results_need_not_come_out_the_same_equal_requests_do_not_queue_up(scene: Scene) -> None:
    scene.analyzers.states_fingerprint = False
    await one_then_all_slots(scene)


async def one_then_all_slots(scene: Scene) -> None:
    """Ask five times: the others wait for the first answer, and after that for no other."""
    scene.analyzers.permits = asyncio.Semaphore(0)
    names = [f"call-{number}" for number in range(5)]
    scene.apply(*names)
    await until(lambda: scene.analyzers.at_once == 1)
    assert scene.dispatcher.backlog("audio") == (0, 1)
    scene.analyzers.permits.release()
    await until(lambda: scene.analyzers.at_once == 4)
    for _ in names:
        scene.analyzers.permits.release()
    assert await scene.ends(*names) == [False] * 5
    assert len(scene.analyzers.analysed) == 5


@pytest.mark.parametrize("how", ["delete", "suspend", "cancel"])
async def test_if_that_one_is_not_wanted_any_more_the_next_one_is_analysed(scene: Scene, how: str) -> None:
    scene.dispatcher.set_endpoints("audio", [])
    scene.apply("first")
    await until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    scene.apply("second", "third")
    await until(lambda: len(list(scene.controller.view.unfinished())) == 3)
    first = scene.api.find("default", "first")
    assert first is not None
    if how == "delete":
        await scene.api.delete(first.metadata)
    else:
        more: dict[str, Any] = {how: True}
        scene.apply("first", **more)
    scene.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.1:8000")])
    assert sorted(await scene.ends("second", "third")) == [False, True]


async def test_while_s3_fails_everything_is_analysed(scene: Scene) -> None:
    scene.bucket.ill = StoreError("503")
    assert not await scene.one("first")
    scene.bucket.ill = None
    assert not await scene.one("second", source={"uri": "s3://media/other.wav"})
