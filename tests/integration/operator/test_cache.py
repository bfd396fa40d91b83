"""An earlier result counts for the next request: real API server, S3 and analyzers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.shell import WITH_PATIENCE
from tests.support.aws.s3 import S3Process
from tests.support.operator.process import until
from tests.support.operator.world import World

pytestmark = pytest.mark.integration

RESULTS = "s3://results/verdicts"


def cached(status: dict[str, Any]) -> str | None:
    """Return the request whose result was adopted, or None."""
    (analysis,) = status["analyses"]
    assert analysis["cached"] == ("cachedFrom" in analysis)
    return analysis["cachedFrom"]["name"] if analysis["cached"] else None


def entries(s3: S3Process) -> list[str]:
    listed = s3.client().list_objects_v2(Bucket="results").get("Contents", [])
    return [found["Key"] for found in listed if "/.cached/" in found["Key"]]


def test_the_same_object_is_analysed_once_in_a_namespace(
    make_world: Callable[..., World], s3: S3Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.make_bucket("results")
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    world = make_world(results_uri=RESULTS, concurrency=4)
    world.server.kubectl("create", "namespace", "bank", check=False)

    uri = world.put("same", verdict="Suspicious", score=71, seconds=0.3)
    names = world.ask_many("equal", 12, uri)
    world.server.kubectl("wait", "--for=condition=Finished", *(f"areq/{name}" for name in names), WITH_PATIENCE)
    ends = {name: world.status(name) for name in names}
    (ran,) = [name for name, status in ends.items() if cached(status) is None]
    assert {cached(status) for status in ends.values()} == {None, ran}
    assert {(status["verdict"], status["score"]) for status in ends.values()} == {("Suspicious", 71)}
    (other, *_) = [name for name in names if name != ran]
    assert (ends[other]["analyses"][0]["attempts"], ends[other]["source"]) == (0, ends[ran]["source"])
    page = s3.client().get_object(Bucket="results", Key=ends[other]["reportURI"].removeprefix("s3://results/"))
    assert "This was not analysed again" in page["Body"].read().decode()

    world.ask("other", uri, namespace="bank")
    assert cached(world.wait("other", "bank")) is None, "nothing is shared"

    until(lambda: len(entries(s3)) == 2, "an entry of each namespace")
    (key,) = [key for key in entries(s3) if "/bank/" in key]
    entry = json.loads(s3.client().get_object(Bucket="results", Key=key)["Body"].read())
    s3.put("results", key, json.dumps(entry | {"resultSHA256": "0" * 64}).encode())  # as a forger would
    world.operator.stop()
    world.operator.start()
    world.ask("forged", uri, namespace="bank")
    world.ask("after", uri)
    assert cached(world.wait("after")) == ran, "it is found by its entry in S3"
    assert cached(world.wait("forged", "bank")) is None

    world.ask("anew", uri, refresh=True)
    assert cached(world.wait("anew")) is None
    world.put("same", verdict="NoEvidence", score=2)
    world.ask("replaced", uri)
    replaced = world.wait("replaced")
    assert (cached(replaced), replaced["verdict"]) == (None, "NoEvidence")
