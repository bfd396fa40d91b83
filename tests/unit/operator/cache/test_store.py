"""The entries in S3, whatever S3 does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from analysis_operator.cache import store
from analysis_operator.cache.entry import Question
from analysis_operator.cache.store import VerdictCache
from analysis_operator.report.store import StoreError
from tests.support.operator.cached import ASKED, MAX_AGE, QUESTION, RESULTS, Bucket, place, report, said
from tests.support.operator.requests import NOW, request
from tests.support.waiting import until


class Scene:
    def __init__(self) -> None:
        self.bucket = Bucket()
        self.bucket.objects[place()] = report()
        self.later = 0.0
        self.cache = self.another()

    def another(self) -> VerdictCache:
        """Return the cache of an operator that has just started."""
        return VerdictCache(RESULTS, MAX_AGE, lambda: NOW, self.bucket, lambda: 1000 + self.later)

    async def remember(self) -> None:
        assert self.cache.remember(QUESTION, ASKED, said(report(), place()), NOW)
        await until(lambda: QUESTION.entry_uri(RESULTS) in self.bucket.objects)


async def test_a_result_is_found_by_this_operator_at_once_and_by_the_next_one() -> None:
    scene = Scene()
    await scene.remember()
    assert scene.cache.fresh(QUESTION)
    scene.later = 61
    assert scene.cache.fresh(QUESTION) is None, "from now on it is checked again"
    found = await scene.another().look_up(QUESTION)
    assert found is not None
    assert found.request == "call"
    scene.cache.confirm(QUESTION, found)
    assert scene.cache.fresh(QUESTION) == found


async def test_what_was_deleted_with_its_results_is_not_adopted_from_memory() -> None:
    scene = Scene()
    await scene.remember()
    del scene.bucket.objects[place()]
    scene.cache.forget("uid-1")
    assert scene.cache.fresh(QUESTION) is None
    assert await scene.cache.look_up(QUESTION) is None


async def test_two_tenants_do_not_share() -> None:
    scene = Scene()
    await scene.remember()
    other = Question.of(request(namespace="bank"), "audio")
    assert scene.cache.fresh(other) is None
    assert await scene.cache.look_up(other) is None
    scene.bucket.objects[other.entry_uri(RESULTS)] = scene.bucket.objects[QUESTION.entry_uri(RESULTS)]
    assert await scene.cache.look_up(other) is None, "an entry that was moved there says whose it is"


async def test_a_result_that_is_gone_or_changed_is_not_adopted() -> None:
    scene = Scene()
    await scene.remember()
    scene.bucket.objects[place()] = report(score=60)
    assert await scene.cache.look_up(QUESTION) is None
    del scene.bucket.objects[place()]
    assert await scene.cache.look_up(QUESTION) is None


async def test_a_huge_entry_is_ignored() -> None:
    scene = Scene()
    scene.bucket.objects[QUESTION.entry_uri(RESULTS)] = b" " * 1_000_000
    assert await scene.cache.look_up(QUESTION) is None
    assert await scene.cache.look_up(replace(QUESTION, analyzer="video")) is None
    assert scene.bucket.reads == 2, "neither is a reason to stop looking"


async def test_while_s3_fails_nobody_waits_for_it() -> None:
    scene = Scene()
    await scene.remember()
    scene.bucket.ill, scene.bucket.reads = StoreError("503"), 0
    assert [await scene.cache.look_up(QUESTION) for _ in range(3)] == [None] * 3
    assert scene.bucket.reads == 1
    scene.bucket.ill, scene.later = None, 61
    assert await scene.cache.look_up(QUESTION)


async def test_a_thousand_at_once_take_turns_and_are_no_sign_that_s3_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SECONDS", 0.4)
    scene = Scene()
    await scene.remember()
    scene.bucket.pause = 0.005
    found = await asyncio.gather(*(scene.cache.look_up(QUESTION) for _ in range(300)))
    assert all(found)


async def test_a_store_that_hangs_is_asked_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SECONDS", 0.02)
    scene = Scene()
    scene.bucket.pause = 0.1
    with capture_logs() as logs:
        found = await asyncio.gather(*(scene.cache.look_up(QUESTION) for _ in range(100)))
    assert found == [None] * 100
    assert scene.bucket.reads <= 4
    assert len(logs) == 1


async def test_what_cannot_be_written_costs_nothing() -> None:
    scene = Scene()
    scene.bucket.ill = StoreError("AccessDenied")
    assert scene.cache.remember(QUESTION, ASKED, said(report(), place()), NOW)
    await until(lambda: scene.cache._writes_from)
    assert scene.cache.fresh(QUESTION), "this operator knows it all the same"


async def test_a_result_outside_of_its_own_folder_is_not_kept() -> None:
    scene = Scene()
    assert not scene.cache.remember(QUESTION, ASKED, said(report(), place(uid="uid-9")), NOW)
    assert not scene.cache.remember(QUESTION, ASKED, said(report(), "s3://evil/audio.json"), NOW)
    assert scene.cache.fresh(QUESTION) is None
