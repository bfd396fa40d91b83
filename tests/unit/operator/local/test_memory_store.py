"""The in-memory API server: what it accepts, refuses, and tells."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, ConditionType, RequestStatus
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.local.manifests import InvalidManifest
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.requests.actions import Notify

NOW = datetime(2026, 11, 23, 10, 0, 0, 999_999, tzinfo=UTC)


def requests() -> MemoryRequests:
    return MemoryRequests(lambda: NOW)


def manifest(name: str = "call", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "silverguardian.io/v1alpha1",
        "kind": "AnalysisRequest",
        "metadata": {"name": name},
        "spec": {"source": {"uri": "s3://media/call.wav"}, **spec},
    }


def test_a_new_request_gets_what_the_api_server_gives() -> None:
    made = requests().apply(manifest())
    meta = made.metadata
    assert (meta.namespace, meta.generation, meta.resource_version) == ("default", 1, "1")
    assert meta.creation_timestamp == NOW.replace(microsecond=0)
    assert len(meta.uid) == 36
    assert made.spec.analyzers == ["audio", "video"]
    assert made.spec.timeout_seconds == 120
    finished = made.status.condition(ConditionType.FINISHED)
    assert finished is not None
    assert (finished.status, finished.reason, finished.observed_generation) == ("False", "Pending", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spec": {}}, "spec.source: Field required"),
        ({"spec": None}, "spec is missing"),
        ({"spec": {"source": {"uri": "http://example.org/a"}}}, "name one S3 object as s3://BUCKET/KEY"),
        ({"spec": {"source": {"uri": "s3://m/a"}}}, "name one S3 object as s3://BUCKET/KEY"),
        ({"spec": {"source": {"url": "s3://media/a"}}}, "unknown field spec.source.url: did you mean uri?"),
        ({"spec": {"sauce": 1, "source": {"uri": "s3://media/a"}}}, "unknown field spec.sauce: did you mean source?"),
        (
            {"spec": {"zzz": 1, "source": {"uri": "s3://media/a"}}},
            "unknown field spec.zzz: the fields are source, analyzers",
        ),
        ({"spec": {"priority": "high", "source": {"uri": "s3://media/a"}}}, "spec.priority"),
        ({"spec": {"priority": "5", "source": {"uri": "s3://media/a"}}}, "spec.priority"),
        ({"spec": {"maxAttempts": 0, "source": {"uri": "s3://media/a"}}}, "spec.maxAttempts"),
        ({"spec": {"analyzers": [], "source": {"uri": "s3://media/a"}}}, "spec.analyzers"),
        ({"spec": {"analyzers": ["audio", "audio"], "source": {"uri": "s3://media/a"}}}, "name each analyzer once"),
        ({"kind": "Analyzer"}, "only apiVersion silverguardian.io/v1alpha1, kind AnalysisRequest"),
        ({"metdata": {}}, "unknown field metdata: did you mean metadata?"),
        ({"metadata": {}}, "metadata.name is missing"),
        ({"metadata": {"name": "Not_A_Name"}}, "lower case letters"),
        ({"metadata": {"name": "a", "namespace": "-"}}, "metadata.namespace"),
        ({"metadata": {"name": "a", "annotations": {"x": 5}}}, "put numbers and true or false in quotes"),
    ],
)
def test_a_wrong_manifest_is_refused_with_what_to_write_instead(change: dict[str, Any], message: str) -> None:
    kept = requests()
    with pytest.raises(InvalidManifest) as refused:
        kept.apply(manifest() | change)
    assert message in str(refused.value)
    assert kept.list() == []


def test_only_cancel_priority_and_suspend_change() -> None:
    kept = requests()
    before = kept.apply(manifest())
    assert kept.apply(manifest()) is before, "nothing changed, so there is no new version"
    after = kept.apply(manifest(priority=5))
    assert (after.metadata.generation, after.metadata.uid) == (2, before.metadata.uid)
    with pytest.raises(InvalidManifest, match=r"spec\.maxAttempts cannot change"):
        kept.apply(manifest(priority=5, maxAttempts=7))
    assert kept.apply(manifest(suspend=True)).spec.suspend
    kept.apply(manifest(cancel=True))
    with pytest.raises(InvalidManifest, match="stays so"):
        kept.apply(manifest())


async def test_a_status_replaces_only_the_version_that_it_was_made_for() -> None:
    kept = requests()
    first = kept.apply(manifest())
    second = await kept.write_status(first, RequestStatus(progress=50))
    assert int(second.metadata.resource_version) > int(first.metadata.resource_version)
    assert second.metadata.generation == 1
    with pytest.raises(Conflict):
        await kept.write_status(first, RequestStatus(progress=60))
    assert await kept.write_status(second, RequestStatus(progress=50)) is second, "no change, no version"
    assert (await kept.get(first.metadata)).status.progress == 50


async def test_an_invalid_status_is_refused_as_a_server_would() -> None:
    kept = requests()
    made = kept.apply(manifest())
    with pytest.raises(ApiUnavailable):
        await kept.write_status(made, RequestStatus().model_copy(update={"progress": 101}))


async def test_what_is_deleted_or_replaced_is_gone() -> None:
    kept = requests()
    first = kept.apply(manifest())
    await kept.delete(first.metadata)
    with pytest.raises(Gone):
        await kept.write_status(first, RequestStatus())
    namesake = kept.apply(manifest())
    with pytest.raises(Gone):
        await kept.get(first.metadata)
    with pytest.raises(Conflict):
        await kept.write_status(first, RequestStatus())
    await kept.delete(first.metadata)
    assert kept.list() == [namesake], "a namesake stays"


async def test_watchers_see_what_is_there_and_what_comes() -> None:
    kept = requests()
    seen: list[AnalysisRequest] = []
    gone: list[str] = []
    there = kept.apply(manifest("a"))
    kept.watch(seen.append, gone.append)
    new = kept.apply(manifest("b"))
    await kept.delete(there.metadata)
    await asyncio.sleep(0)
    assert seen == [there, new]
    assert gone == [there.metadata.uid]


async def test_events_are_kept() -> None:
    kept = requests()
    event = Notify("Normal", "Completed", "Done.")
    await kept.notify(kept.apply(manifest()), event)
    assert kept.events == [(("default", "call"), event)]
