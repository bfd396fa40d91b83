"""What the comparison of requests with the API server finds, corrects, and calls a dead watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.errors import Gone
from analysis_operator.kube.client import KubeApi
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.records.sink import NoSink
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests import resync
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.kube_store import KubeRequests
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.resync import RequestResync
from tests.support.operator.analyzer_pools import NoRunner
from tests.support.operator.machines import Machines
from tests.support.operator.requests import EVERYTHING, request
from tests.support.waiting import PATIENCE_SECONDS

Json = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


class Api:
    """A cluster that holds these, by the plural of their kind."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Json]] = {"analysisrequests": []}

    async def list(self, path: str, **_: object) -> AsyncIterator[Json]:
        for found in self.kept[path.rsplit("/", 1)[1]]:
            yield found

    async def call(self, _method: str, path: str, **_: object) -> Json:
        name = path.rsplit("/", 1)[1]
        return next(found for found in self.kept["analysisrequests"] if found["metadata"]["name"] == name)


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        kube = cast("KubeApi", self.api)
        self.dispatcher = Dispatcher(NoRunner(), now)
        self.requests = MemoryRequests(now)
        self.controller = RequestController(
            self.requests,
            self.dispatcher,
            CallbackSender(Machines(), SpecTokens(), now),
            reports=S3ReportWriter(),
            sink=NoSink(),
            policy=Policy(grants=EVERYTHING),
            clock=now,
        )
        self.resync = RequestResync(KubeRequests(kube, "operator-1"), self.controller)

    async def compare_with_a_missed_one(self, name: str) -> None:
        raw = request().model_dump(mode="json", by_alias=True)
        self.api.kept["analysisrequests"].append(raw | {"metadata": raw["metadata"] | {"name": name, "uid": name}})
        await self.resync.compare()
        assert name in self.controller.view.resource_versions()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(resync, "_PATIENCE_SECONDS", 0)
    return Scene()


async def test_changes_that_no_watch_told_of_are_found_and_twice_in_silence_is_a_dead_watch(scene: Scene) -> None:
    for round_ in (1, 2):
        await scene.compare_with_a_missed_one(f"call-{round_}")
    assert scene.resync.problem()
    await scene.resync.compare()
    assert scene.resync.problem(), "a quiet minute does not bring it back"
    scene.resync.watch_spoke()
    await scene.resync.compare()
    assert not scene.resync.problem()


async def test_a_deletion_is_counted_whatever_comes_meanwhile(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_asked: object) -> None:
        for number in range(3):
            newer = request()
            meta = newer.metadata.model_copy(update={"uid": f"newer-{number}", "name": f"newer-{number}"})
            scene.controller.view.observe(newer.model_copy(update={"metadata": meta}))
        raise Gone("deleted")

    monkeypatch.setattr(scene.requests, "get", gone)
    scene.controller.view.observe(request())
    await scene.resync.compare()
    assert set(scene.controller.view.resource_versions()) == {"newer-0", "newer-1", "newer-2"}


async def test_a_watch_that_is_only_late_is_not_dead(scene: Scene) -> None:
    for round_ in range(3):
        scene.resync.watch_spoke()
        await scene.compare_with_a_missed_one(f"call-{round_}")
    assert not scene.resync.problem()


async def test_the_backlog_is_whole_once_every_request_that_was_there_is_known(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync, "_PATIENCE_SECONDS", 10 * PATIENCE_SECONDS)
    raw = request().model_dump(mode="json", by_alias=True)
    scene.api.kept["analysisrequests"].append(raw)
    waiting = asyncio.create_task(scene.resync.caught_up())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    scene.controller.view.observe(request())
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_a_request_that_is_never_understood_does_not_keep_the_scaler_waiting(scene: Scene) -> None:
    scene.api.kept["analysisrequests"].append(request().model_dump(mode="json", by_alias=True))
    await asyncio.wait_for(scene.resync.caught_up(), PATIENCE_SECONDS)


async def test_a_request_that_cannot_be_read_is_no_sign_of_a_dead_watch(scene: Scene) -> None:
    raw = request().model_dump(mode="json", by_alias=True)
    scene.api.kept["analysisrequests"] = [raw | {"spec": {"source": {"uri": "from a newer version"}}}]
    for _ in range(3):
        await scene.resync.compare()
    assert not scene.resync.problem()
