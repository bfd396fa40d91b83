"""Earlier results are adopted for another object with the same content, if the request states its SHA-256."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.operator.adopting import SHA256, Scene, model
from tests.support.waiting import until


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.stop()


def contents(scene: Scene, *names: str, sha256: str = SHA256) -> list[dict[str, Any]]:
    """Have objects of these names with one content, and return what requests name as their source."""
    uris = [f"s3://media/{name}.wav" for name in names]
    scene.analyzers.contents |= dict.fromkeys(uris, sha256)
    return [{"uri": uri, "sha256": sha256} for uri in uris]


async def test_the_same_content_under_two_keys_is_analysed_once(scene: Scene) -> None:
    for name, source in zip(("a", "b"), contents(scene, "a", "b"), strict=True):
        await scene.one(name, source=source)
    assert len(scene.analyzers.analysed) == 1
    second = scene.api.find("default", "b")
    assert second is not None
    assert second.status.analyses[0].cached_from is not None
    assert second.status.analyses[0].cached_from.name == "a"
    assert second.status.source is not None
    assert second.status.source.etag == "s3://media/b.wav", "that is the object that it is about"


async def test_an_operator_that_starts_anew_finds_it_by_its_content(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    await until(lambda: sum("/.cached/" in uri for uri in scene.bucket.objects) == 2)
    await scene.stop()
    scene.start()
    assert await scene.one("b", source=second)


async def test_what_does_not_state_its_content_is_not_compared_by_it(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    assert not await scene.one("b", source={"uri": second["uri"]})
    assert await scene.one("a-again", source={"uri": first["uri"]}), "by the object"
    assert await scene.one("a-checked", source=first)


async def test_an_object_that_is_not_the_stated_one_fails_for_good_and_is_not_analysed(scene: Scene) -> None:
    (first,) = contents(scene, "a")
    (other,) = contents(scene, "b", sha256="d" * 64)
    await scene.one("a", source=first)
    assert not await scene.one("b", source=other | {"sha256": SHA256})
    failed = scene.api.find("default", "b")
    assert failed is not None
    assert failed.status.verdict is None
    (entry,) = failed.status.analyses
    assert (entry.state, entry.reason, entry.attempts) == ("Failed", "SourceMismatch", 1)
    assert len(scene.analyzers.analysed) == 1


async def test_two_tenants_share_no_content(scene: Scene) -> None:
    first, second = contents(scene, "a", "b")
    await scene.one("a", source=first)
    scene.apply("b", namespace="bank", source=second)
    assert await scene.ends("b", namespace="bank") == [False]


async def test_the_same_content_is_analysed_anew_with_another_model(scene: Scene) -> None:
    first, second, third = contents(scene, "a", "b", "c")
    await scene.one("a", source=first)
    model(scene)
    assert not await scene.one("b", source=second)
    assert await scene.one("c", source=third)


async def test_of_a_hundred_equal_contents_at_once_one_is_analysed(scene: Scene) -> None:
    names = [f"call-{number}" for number in range(100)]
    for name, source in zip(names, contents(scene, *names), strict=True):
        scene.apply(name, source=source)
    adopted = await scene.ends(*names)
    assert (sum(adopted), len(scene.analyzers.analysed)) == (99, 1)


async def test_an_analyzer_that_checks_no_content_analyses_each_object_and_nobody_queues_up(scene: Scene) -> None:
    scene.analyzers.permits = asyncio.Semaphore(0)
    names = [f"call-{number}" for number in range(5)]
    for name in names:
        scene.apply(name, source={"uri": f"s3://media/{name}.wav", "sha256": SHA256})
    await until(lambda: scene.analyzers.at_once == 1)
    scene.analyzers.permits.release()
    await until(lambda: scene.analyzers.at_once == 4)
    for _ in names:
        scene.analyzers.permits.release()
    assert await scene.ends(*names) == [False] * 5
