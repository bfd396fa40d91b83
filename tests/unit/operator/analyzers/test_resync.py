"""What the comparison of Analyzers and pods with the API server finds and corrects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.analyzers.resync import AnalyzerResync
from analysis_operator.kube.client import KubeApi
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import PoolView
from tests.support.operator.analyzer_pools import NoRunner, analyzer, controller_of, pod

Json = dict[str, Any]


class Api:
    """A cluster that holds these, by the plural of their kind."""

    def __init__(self) -> None:
        self.on_list: Callable[[], None] = lambda: None
        self.kept: dict[str, list[Json]] = {"analyzers": [], "pods": []}

    async def list(self, path: str, **_: object) -> AsyncIterator[Json]:
        for found in self.kept[path.rsplit("/", 1)[1]]:
            yield found
        self.on_list()


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        kube = cast("KubeApi", self.api)
        self.dispatcher = Dispatcher(NoRunner(), lambda: datetime.now(UTC))
        self.pools = controller_of(kube, self.dispatcher)
        self.resync = AnalyzerResync(KubeAnalyzers(kube, "operator-1"), self.pools, "guardian")

    def pod_slots(self) -> int:
        return self.dispatcher.pools().get("audio", PoolView()).slots


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_pods_and_analyzers_that_no_watch_told_of_come_and_go(scene: Scene) -> None:
    scene.api.kept |= {"analyzers": [analyzer()], "pods": [pod(), pod("audio-2", "q", "10.0.0.2")]}
    await scene.resync.compare()
    assert scene.pod_slots() == 2
    scene.api.kept["pods"].pop()
    await scene.resync.compare()
    assert scene.pod_slots() == 1
    scene.api.kept |= {"analyzers": [], "pods": []}
    await scene.resync.compare()
    assert scene.dispatcher.pools() == {}


async def test_what_a_watch_tells_of_while_pods_are_listed_stays(scene: Scene) -> None:
    scene.api.kept["analyzers"] = [analyzer()]
    scene.api.on_list = lambda: scene.pools.observe_pod(pod(), gone=False)
    await scene.resync.compare()
    assert scene.pod_slots() == 1


async def test_an_analyzer_that_cannot_be_read_does_not_keep_the_others_away(scene: Scene) -> None:
    unread = analyzer()
    unread["metadata"] = unread["metadata"] | {"name": "newer"}
    unread["spec"] = {}
    scene.api.kept["analyzers"] = [unread, analyzer()]
    await scene.resync.start()
    pools = scene.dispatcher.pools()
    assert {name: pool.slots > 0 or pool.problem[:12] for name, pool in pools.items()} == {
        "newer": "This version",  # requests wait for it, since it is there
        "audio": "",
    }
