"""An earlier result counts for the next request: real API server, S3 and analyzers."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.shell import WITH_PATIENCE, CommandError
from tests.support.aws.s3 import S3Process
from tests.support.operator.process import API, until
from tests.support.operator.world import World

pytestmark = pytest.mark.integration


def cached(status: dict[str, Any]) -> str | None:
    """Return the request whose result was adopted, or None."""
    (analysis,) = status["analyses"]
    assert analysis["cached"] == ("cachedFrom" in analysis)
    return analysis["cachedFrom"]["name"] if analysis["cached"] else None


def entries(s3: S3Process, bucket: str) -> list[str]:
    listed = s3.client().list_objects_v2(Bucket=bucket).get("Contents", [])
    return [found["Key"] for found in listed if "/.cached/" in found["Key"]]


@pytest.fixture
def bucket(s3: S3Process) -> str:
    """A bucket of the test's own for results."""
    name = f"results-{secrets.token_hex(4)}"
    s3.make_bucket(name)
    return name


@pytest.fixture
def world(make_world: Callable[..., World], s3: S3Process, bucket: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """An operator that keeps results, in an installation with two namespaces."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    made = make_world(results_uri=f"s3://{bucket}/verdicts", concurrency=4)
    made.server.kubectl("create", "namespace", "bank", check=False)
    return made


def test_the_same_object_is_analysed_once_in_a_namespace(world: World, s3: S3Process, bucket: str) -> None:
    uri = world.put("same", verdict="Suspicious", score=71, seconds=0.3)
    names = world.ask_many("equal", 12, uri)
    world.server.kubectl("wait", "--for=condition=Finished", *(f"areq/{name}" for name in names), WITH_PATIENCE)
    ends = {name: world.status(name) for name in names}
    (ran,) = [name for name, status in ends.items() if cached(status) is None]
    assert {cached(status) for status in ends.values()} == {None, ran}
    assert {(status["verdict"], status["score"]) for status in ends.values()} == {("Suspicious", 71)}
    (other, *_) = [name for name in names if name != ran]
    assert (ends[other]["analyses"][0]["attempts"], ends[other]["source"]) == (0, ends[ran]["source"])
    page = s3.client().get_object(Bucket=bucket, Key=ends[other]["reportURI"].removeprefix(f"s3://{bucket}/"))
    assert "This was not analysed again" in page["Body"].read().decode()

    world.ask("other", uri, namespace="bank")
    assert cached(world.wait("other", "bank")) is None, "nothing is shared"

    until(lambda: len(entries(s3, bucket)) == 2, "an entry of each namespace")
    (key,) = [key for key in entries(s3, bucket) if "/bank/" in key]
    entry = json.loads(s3.client().get_object(Bucket=bucket, Key=key)["Body"].read())
    s3.put(bucket, key, json.dumps(entry | {"resultSHA256": "0" * 64}).encode())  # as a forger would
    world.operator.stop()
    world.operator.start()
    world.ask("forged", uri, namespace="bank")
    world.ask("after", uri)
    assert cached(world.wait("after")) == ran, "it is found by its entry in S3"
    assert cached(world.wait("forged", "bank")) is None

    world.ask("again", uri, refresh=True)
    assert cached(world.wait("again")) is None
    world.put("same", verdict="NoEvidence", score=2)
    world.ask("replaced", uri)
    replaced = world.wait("replaced")
    assert (cached(replaced), replaced["verdict"]) == (None, "NoEvidence")


def content(**script: Any) -> tuple[bytes, str]:
    """Return a recording and its SHA-256."""
    body = json.dumps(script).encode()
    return body, hashlib.sha256(body).hexdigest()


def test_the_same_content_as_two_objects_is_analysed_once_in_a_namespace(
    world: World, s3: S3Process, bucket: str
) -> None:
    body, sha256 = content(verdict="Suspicious", score=71, seconds=0.3)
    other, _ = content(verdict="NoEvidence", score=2)

    def named(key: str, what: bytes = body, *, stated: bool = False) -> dict[str, str]:
        """Upload a recording, with or without a SHA-256 for S3 to check and state, and return it as a source."""
        digest = base64.b64encode(hashlib.sha256(what).digest()).decode()
        checksum: Any = {"ChecksumSHA256": digest} if stated else {}
        s3.client().put_object(Bucket="media", Key=key, Body=what, **checksum)
        return {"uri": f"s3://media/{key}", "sha256": sha256}

    def ask(key: str, namespace: str = "default", **how: Any) -> dict[str, Any]:
        source = named(key, **how)
        world.ask(key, source["uri"], namespace, source=source)
        return world.wait(key, namespace)

    assert cached(ask("first")) is None
    for key, stated in (("read-through", False), ("stated", True)):
        status = ask(key, stated=stated)
        assert (cached(status), status["verdict"], status["analyses"][0]["attempts"]) == ("first", "Suspicious", 0)
    assert cached(ask("theirs", "bank")) is None, "nothing is shared"

    for key, stated in (("other", False), ("other-stated", True)):
        status = ask(key, what=other, stated=stated)
        assert (world.reason(key), status["analyses"][0]["attempts"]) == ("SourceMismatch", 1)
        assert "verdict" not in status
        assert "is not the recording that was named" in status["analyses"][0]["message"]

    until(lambda: len(entries(s3, bucket)) == 4, "an entry of each namespace by the object, and one by the content")
    world.operator.stop()
    world.operator.start()
    assert cached(ask("after")) == "first", "it is found by its entry in S3"

    body, sha256 = content(verdict="LikelyFake", score=99, seconds=0.3)
    sources = {f"copy-{number}": named(f"copy-{number}", body) for number in range(12)}
    kind = {"apiVersion": API, "kind": "AnalysisRequest"}
    world.server.apply(
        *(
            kind
            | {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {"source": source, "analyzers": ["scripted"]},
            }
            for name, source in sources.items()
        )
    )
    ends = {name: world.wait(name) for name in sources}
    (ran,) = [name for name, status in ends.items() if cached(status) is None]
    assert {cached(status) for status in ends.values()} == {None, ran}


def test_a_sha256_that_is_none_is_refused(world: World) -> None:
    for wrong in ("A" * 64, "a" * 63, "", "sha256:" + "a" * 57):
        with pytest.raises(CommandError, match="as sha256sum prints it"):
            world.ask("wrong", "s3://media/x", source={"uri": "s3://media/x", "sha256": wrong})
