"""The reconcile path over requests in memory, with writes that fail as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from analysis_operator.api import Condition, ConditionType
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analyzer_contract import FailureKind, FailureReason
from tests.support.operator.reconciling import Scene, hurried
from tests.support.operator.requests import failure, result

BROKEN = failure(FailureKind.INTERNAL, FailureReason.INTERNAL_ERROR)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with hurried(monkeypatch) as made:
        yield made


async def test_an_attempt_is_counted_once_when_the_answer_to_its_write_is_lost(scene: Scene) -> None:
    scene.analyzers.answers = [BROKEN, result()]
    scene.api.unanswered = lambda status: status.analyses[0].attempts == 1
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    assert scene.analyzers.started == 2
    assert scene.status().analyses[0].attempts == 2


async def test_a_request_that_gave_way_to_a_namesake_is_not_written_over_and_over(scene: Scene) -> None:
    scene.api.refusals, scene.api.reads = [Conflict("another UID")], [Gone("replaced by a namesake")]
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    await asyncio.sleep(0.2)
    assert scene.api.writes == 1
    assert scene.controller.view.resource_versions() == {}


async def test_one_answer_that_a_request_is_gone_is_not_believed(scene: Scene) -> None:
    scene.api.refusals = [Gone("a proxy's 404")]
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    scene.api.refusals = []
    await scene.until(lambda: scene.status().finished)
    assert scene.sink.gone == []


@pytest.mark.parametrize("reads", [[], [ApiUnavailable("ill")]], ids=["nothing new", "not read"])
async def test_a_conflict_that_stays_is_not_tried_without_a_pause(scene: Scene, reads: list[Exception]) -> None:
    scene.api.refusals, scene.api.reads = [Conflict("always")], reads
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    await asyncio.sleep(0.2)
    assert scene.api.writes < 5
    scene.api.refusals, scene.api.reads = [], []
    await scene.until(lambda: scene.status().finished)


async def test_a_finished_request_whose_priority_is_edited_is_counted_once(scene: Scene) -> None:
    def counted() -> float:
        labels = {"verdict": "NoEvidence", "reason": "Completed"}
        return REGISTRY.get_sample_value("silver_guardian_requests_finished_total", labels) or 0

    before = counted()
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    verdict = scene.status().model_copy(update={"conditions": [], "observed_generation": None})
    scene.apply(priority=5)
    await scene.until(lambda: scene.status().observed_generation == 2)
    await asyncio.sleep(0.05)
    assert counted() == before + 1
    assert scene.status().model_copy(update={"conditions": [], "observed_generation": None}) == verdict


async def test_edits_after_the_end_take_nothing_from_the_status(scene: Scene) -> None:
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    (before,) = scene.status().analyses
    scene.apply(priority=5)
    await scene.until(lambda: scene.status().observed_generation == 2)
    scene.apply(priority=7)
    await scene.until(lambda: scene.status().observed_generation == 3)
    assert scene.status().analyses == [before]


async def test_a_time_to_live_of_zero_and_of_ten_years(scene: Scene) -> None:
    scene.apply("short", ttlSecondsAfterFinished=0)
    scene.apply("long", ttlSecondsAfterFinished=315_360_000)
    await scene.until(lambda: [found.status.finished for found in scene.api.list()] == [True])
    assert [found.metadata.name for found in scene.api.list()] == ["long"]


async def test_a_deletion_that_fails_is_no_defect_of_the_operator(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def refused(_: object) -> None:
        nonlocal asked
        asked += 1
        raise ApiUnavailable("503")

    before = REGISTRY.get_sample_value("silver_guardian_reconcile_errors_total")
    monkeypatch.setattr(scene.api, "delete", refused)
    with capture_logs() as logs:
        scene.apply(ttlSecondsAfterFinished=0)
        await scene.until(lambda: asked and [line for line in logs if "503" in str(line.get("error"))])
    assert {line["log_level"] for line in logs} == {"warning"}
    assert REGISTRY.get_sample_value("silver_guardian_reconcile_errors_total") == before


async def test_of_a_request_that_is_through_little_is_kept(scene: Scene) -> None:
    scene.apply()
    await scene.until(lambda: len(scene.controller.view.closed) == 1)
    (stored,) = scene.api.list()
    uid, version = stored.metadata.uid, int(stored.metadata.resource_version)
    kept = scene.controller.view.closed.get(uid)
    assert uid not in scene.controller.view
    assert kept is not None
    assert (kept.name, kept.version, kept.expires_at) == ("call", version, stored.status.expires_at)
    scene.controller.view.observe(stored)
    scene.controller.view.on_left(uid, version)
    await asyncio.sleep(0.1)
    assert uid not in scene.controller.view, "what the watches deliver late changes nothing"


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "through, and the answer to that write was lost"])
async def test_a_request_that_the_watch_stops_delivering_is_read(scene: Scene, gone: bool) -> None:
    scene.pods(0)
    asked = scene.apply()
    uid = asked.metadata.uid
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    if gone:
        scene.api._requests.clear()
    else:
        scene.api._version, scene.api._watchers = 999, []
        stored, now = scene.api.list()[0], datetime.now(UTC)
        end = Condition(type=ConditionType.FINISHED, status="True", reason="Cancelled", last_transition_time=now)
        done = {
            "conditions": [end],
            "observed_generation": 1,
            "finished_at": now,
            "expires_at": now + timedelta(days=1),
        }
        scene.api._store(stored, status=stored.status.model_copy(update=done))
    scene.controller.view.on_left(uid, 1000)
    await scene.until(lambda: uid not in scene.controller.view)
    assert scene.sink.gone == ([uid] if gone else [])
    assert (uid in scene.controller.view.closed) is not gone
    assert scene.dispatcher.backlog("audio") == (0, 0)


async def test_every_state_goes_to_the_sink_whole_and_in_order(scene: Scene) -> None:
    asked = scene.apply()
    await scene.until(lambda: scene.status().finished)
    written = scene.api.list()[0]
    await scene.until(lambda: scene.sink.offers and scene.sink.offers[-1] == written)
    versions = [int(offer.metadata.resource_version) for offer in scene.sink.offers]
    assert versions == sorted(versions)
    scene.sink.offers.clear()
    await scene.controller.reoffer(asked.metadata.uid)
    assert scene.sink.offers == [written], "though less is kept of it in memory"
    await scene.api.delete(written.metadata)
    await scene.until(lambda: scene.sink.gone == [asked.metadata.uid])
    await scene.controller.reoffer(asked.metadata.uid)
