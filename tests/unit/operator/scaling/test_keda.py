"""ScaledObjects as the API server lists them: created, applied again, missing, and never left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from analysis_operator.errors import Gone, Rejected
from analysis_operator.kube.client import KubeApi
from analysis_operator.scaling.keda import KedaController
from analysis_operator.scaling.kube_store import KubeScaledObjects
from analysis_operator.scaling.scaled_object import FINALIZER
from tests.unit.operator.scaling.test_scaled_object import analyzer

Json = dict[str, Any]


class Api:
    """ScaledObjects by name, as long as the kind is there."""

    def __init__(self) -> None:
        self.installed = True
        self.denies = False
        self.objects: dict[str, Json] = {}
        self.patches: list[Json] = []
        self._uids = 0

    async def apply(self, manifest: Json) -> Json:
        self._must_be_installed()
        if self.denies:
            raise Rejected('admission webhook "vscaledobject.kb.io" denied the request: no CPU requests')
        name, spec = manifest["metadata"]["name"], manifest["spec"]
        known = self.objects.get(name)
        if known is None:
            self._uids += 1
            known = {"metadata": manifest["metadata"] | {"uid": f"u{self._uids}", "generation": 0}, "spec": None}
        if known["spec"] != spec:
            known["metadata"]["generation"] += 1
        self.objects[name] = known | {"spec": spec}
        return self.copy(name)

    async def list(self, _path: str, **_: object) -> AsyncIterator[Json]:
        self._must_be_installed()
        for name in list(self.objects):
            yield self.copy(name)

    async def call(self, method: str, path: str, *, body: Json | None = None, **_: object) -> Json:
        name = path.rsplit("/", 1)[1]
        if method == "DELETE":
            return self.objects.pop(name)
        self.patches.append(body or {})
        return {}

    def copy(self, name: str) -> Json:
        return self.objects[name] | {"metadata": dict(self.objects[name]["metadata"])}

    def _must_be_installed(self) -> None:
        if not self.installed:
            raise Gone("404 page not found")


def store_of(api: Api) -> KubeScaledObjects:
    return KubeScaledObjects(cast("KubeApi", api), "sg")


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        self.now = datetime(2026, 11, 24, tzinfo=UTC)
        self.keda = KedaController(store_of(self.api), "scaler:9090", lambda _: 0.0, lambda: self.now)
        self.changed: list[str] = []
        self.keda.changed.connect(self.changed.append)

    async def compare(self) -> list[str]:
        self.changed.clear()
        await self.keda.compare()
        return list(self.changed)


async def test_what_is_in_sync_is_left_alone_and_what_is_not_is_reported() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    assert await scene.compare() == []
    scene.api.objects["audio"]["metadata"]["generation"] += 1  # a person edits it
    assert await scene.compare() == ["audio"]
    assert not scene.keda.is_in_sync("audio")
    await scene.keda.apply(analyzer())
    del scene.api.objects["audio"]
    assert await scene.compare() == ["audio"]
    assert not scene.keda.is_in_sync("audio")


async def test_what_keda_reports_is_passed_on_when_it_changes() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    scene.api.objects["audio"]["status"] = {"conditions": [{"type": "Ready", "status": "True", "message": "ok"}]}
    assert await scene.compare() == ["audio"]
    assert scene.keda.facts("audio").ready == "True"
    assert await scene.compare() == []


async def test_without_keda_nothing_fails_and_all_is_applied_once_it_is_there() -> None:
    scene = Scene()
    scene.api.installed = False
    await scene.keda.apply(analyzer())
    assert not scene.keda.facts("audio").installed
    await scene.compare()
    scene.api.installed = True
    await scene.keda.apply(analyzer())
    assert scene.keda.facts("audio").installed
    assert "audio" in scene.api.objects


async def test_a_scaled_object_that_a_webhook_denies_shows_its_words_until_it_is_accepted() -> None:
    scene = Scene()
    scene.api.denies = True
    with pytest.raises(Rejected):
        await scene.keda.apply(analyzer())
    assert scene.keda.facts("audio").ready == "False"
    assert "no CPU requests" in scene.keda.facts("audio").message
    scene.api.denies = False
    await scene.keda.apply(analyzer())
    assert scene.keda.facts("audio").ready == ""


async def test_keda_that_goes_away_changes_every_pool_and_so_does_its_return() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    scene.api.installed = False
    assert await scene.compare() == ["audio"]
    scene.api.installed, scene.api.objects = True, {}
    assert await scene.compare() == ["audio"]
    assert not scene.keda.is_in_sync("audio")


async def test_a_pool_that_gets_a_fixed_size_loses_its_scaled_object() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    await scene.keda.apply(analyzer(replicas=2))
    assert scene.api.objects == {}


async def test_one_that_an_earlier_operator_made_for_a_pool_of_fixed_size_is_found_and_deleted() -> None:
    scene = Scene()
    await KedaController(store_of(scene.api), "scaler:9090", lambda _: 0.0, lambda: scene.now).apply(analyzer())
    await scene.keda.apply(analyzer(replicas=2))
    assert await scene.compare() == ["audio"]
    await scene.keda.apply(analyzer(replicas=2))
    assert scene.api.objects == {}


async def test_a_finalizer_that_keda_does_not_take_off_is_taken_off_after_a_while() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    meta = scene.api.objects["audio"]["metadata"]
    meta |= {"finalizers": ["other", FINALIZER], "resourceVersion": "7"}
    await scene.compare()
    meta["deletionTimestamp"] = scene.now.isoformat().replace("+00:00", "Z")
    scene.now += timedelta(seconds=10)
    await scene.compare()
    assert scene.api.patches == []
    scene.now += timedelta(seconds=60)
    await scene.compare()
    assert scene.api.patches == [{"metadata": {"finalizers": ["other"], "resourceVersion": "7"}}]


async def test_a_pool_that_waited_for_keda_changes_when_it_comes_and_until_then_is_left_alone() -> None:
    scene = Scene()
    scene.api.installed = False
    await scene.keda.apply(analyzer())
    await scene.compare()
    assert scene.keda.is_in_sync("audio")
    scene.api.installed = True
    assert await scene.compare() == ["audio"]
    assert not scene.keda.is_in_sync("audio")
    await scene.keda.apply(analyzer())
    await scene.compare()
    assert scene.keda.is_in_sync("audio")


async def test_keda_that_stays_away_is_one_change_and_nothing_is_applied_in_vain() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    scene.api.installed = False
    assert await scene.compare() == ["audio"]
    assert scene.keda.is_in_sync("audio")
    assert await scene.compare() == []


async def test_what_is_applied_while_the_list_is_made_is_newer_than_the_list() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    listed = scene.api.list

    async def slow(path: str, **options: object) -> AsyncIterator[Json]:
        async for raw in listed(path):
            yield raw
        await scene.keda.apply(analyzer(scaling={"maxReplicas": 7}))

    scene.api.list = slow  # type: ignore[method-assign, assignment]
    assert await scene.compare() == []
    assert scene.keda.is_in_sync("audio")


async def test_what_a_webhook_denies_is_shown_also_while_it_is_tried_again() -> None:
    scene = Scene()
    scene.api.denies = True
    with pytest.raises(Rejected):
        await scene.keda.apply(analyzer())
    applied, ready = scene.api.apply, []

    async def watched(manifest: Json) -> Json:
        ready.append(scene.keda.facts("audio").ready)
        return await applied(manifest)

    scene.api.apply = watched  # type: ignore[method-assign]
    with pytest.raises(Rejected):
        await scene.keda.apply(analyzer())
    assert ready == ["False"]


async def test_one_that_is_being_deleted_is_left_alone_until_it_is_gone() -> None:
    scene = Scene()
    await scene.keda.apply(analyzer())
    meta = scene.api.objects["audio"]["metadata"]
    meta |= {"finalizers": [FINALIZER], "resourceVersion": "7", "generation": 2}
    meta["deletionTimestamp"] = scene.now.isoformat()
    await scene.compare()
    assert scene.keda.is_in_sync("audio")
    del scene.api.objects["audio"]
    assert await scene.compare() == ["audio"]
    assert not scene.keda.is_in_sync("audio")
