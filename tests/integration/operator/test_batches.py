"""Batches on a real API server and S3: each recording once, through a kill, and what is wrong said clearly."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.cluster.shell import WITH_PATIENCE
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, until
from tests.support.operator.world import World

pytestmark = pytest.mark.integration

FORBIDDEN = "s3://elsewhere/secret.wav"


@pytest.fixture
def open_batches(
    make_world: Callable[..., World], s3_of_the_operator: None, api_server: ApiServer
) -> Iterator[Callable[..., World]]:
    """An operator that keeps results, beside scripted analyzers."""
    yield lambda **settings: make_world(results_uri="s3://media/results", **settings)
    api_server.kubectl("delete", "abatch", "--all", "--all-namespaces", "--wait=false")


@pytest.fixture
def s3_of_the_operator(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)


def ask(world: World, name: str, **spec: Any) -> None:
    meta = {"name": name, "namespace": "default"}
    body = {"analyzers": ["scripted"], **spec}
    world.server.apply({"apiVersion": API, "kind": "AnalysisBatch", "metadata": meta, "spec": body})


def status(world: World, name: str) -> dict[str, Any]:
    found: dict[str, Any] = world.server.read.get("analysisbatch", name, "default").get("status", {})
    return found


def reason(world: World, name: str, kind: str) -> str:
    return next(str(each["reason"]) for each in status(world, name)["conditions"] if each["type"] == kind)


def lines(world: World, name: str) -> list[dict[str, Any]]:
    """Read the results as a user does."""
    client, prefix = world.s3.client(), status(world, name)["resultsURI"].removeprefix("s3://media/")
    listed = client.list_objects_v2(Bucket="media", Prefix=prefix)["Contents"]
    bodies = [client.get_object(Bucket="media", Key=entry["Key"])["Body"].read() for entry in listed]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def done(world: World) -> set[str]:
    """Return the names of the requests that have a verdict."""
    listed = json.loads(world.server.kubectl("get", "areq", "-o", "json").stdout)["items"]
    return {entry["metadata"]["name"] for entry in listed if entry.get("status", {}).get("verdict")}


def test_a_prefix_is_analysed_once_each_though_the_operator_is_killed(open_batches: Callable[..., World]) -> None:
    world = open_batches(pods=2)
    verdict = {4: "Suspicious"}
    uris = [world.put(f"batch/{n:02d}", seconds=0.5, verdict=verdict.get(n, "NoEvidence")) for n in range(12)]
    ask(world, "calls", source={"prefix": "s3://media/batch/"}, parallelism=3)
    until(lambda: done(world), "a first verdict")
    world.operator.stop(signal.SIGKILL)
    before = done(world)
    assert len(before) < 12
    world.operator.start()
    world.server.kubectl("wait", "--for=condition=Complete", "abatch/calls", WITH_PATIENCE)
    found = lines(world, "calls")
    assert [line["uri"] for line in found] == uris, "one line each, in order"
    assert Counter(line["verdict"] for line in found) == {"NoEvidence": 11, "Suspicious": 1}
    assert before <= {line["request"] for line in found}, "what was done is not done again"
    for line in found:
        assert world.server.writes("operator", line["request"]).count("create analysisrequests") == 1
    assert all(line["reportURI"].endswith("report.html") for line in found)
    after = status(world, "calls")
    assert (after["total"], after["progress"], after["running"]) == (12, 100, 0)
    assert (after["counts"]["suspicious"], after["counts"]["failed"]) == (1, 0)
    assert not world.server.kubectl("get", "areq", "-o", "name").stdout, "no request is left"
    shown = world.server.kubectl("get", "abatch", "calls").stdout.split()
    assert shown[:5] == ["NAME", "STATUS", "PROGRESS", "TOTAL", "FAKE"]


def test_wrong_lines_of_a_manifest_are_failures_by_reason(open_batches: Callable[..., World]) -> None:
    world = open_batches()
    good = world.put("listed/a", verdict="LikelyFake", score=90)
    manifest = f'\ufeffuri\r\n{good}\r\n{FORBIDDEN}\r\nnot a name\r\n"s3://media/listed/gone"\r\n'
    world.s3.put("media", "lists/november.csv", manifest.encode())
    ask(world, "listed", source={"manifest": "s3://media/lists/november.csv"})
    world.server.kubectl("wait", "--for=condition=Complete", "abatch/listed", WITH_PATIENCE)
    found = {line["line"]: line for line in lines(world, "listed")}
    assert {number: line["reason"] for number, line in found.items()} == {
        2: "Completed",
        3: "SourceForbidden",
        4: "MalformedLine",
        5: "SourceNotFound",
    }
    assert (found[2]["verdict"], found[2]["score"], found[2]["analyses"][0]["name"]) == ("LikelyFake", 90, "scripted")
    done = status(world, "listed")
    assert done["failedLines"] == [{"line": 3, "reason": "SourceForbidden"}, {"line": 4, "reason": "MalformedLine"}]
    assert {each["reason"]: each["count"] for each in done["counts"]["reasons"]} == {
        "SourceForbidden": 1,
        "MalformedLine": 1,
        "SourceNotFound": 1,
    }
    assert len(json.dumps(done)) <= 4096
    assert reason(world, "listed", "Complete") == "PartiallyCompleted"


def test_a_batch_is_suspended_resumed_and_cancelled_and_what_cannot_be_says_so(
    open_batches: Callable[..., World],
) -> None:
    world = open_batches()
    for n in range(3):
        world.put(f"stopping/{n}", seconds=60 if n == 2 else 0)
    ask(world, "stopped", source={"prefix": "s3://media/stopping/"}, parallelism=1, suspend=True)
    ask(world, "foreign", source={"prefix": "s3://elsewhere/"})
    ask(world, "empty", source={"prefix": "s3://media/nothing/"})
    until(lambda: reason(world, "stopped", "Suspended") == "Suspended", "it to be suspended")
    assert status(world, "stopped").get("running", 0) == 0
    patch = ("patch", "abatch", "stopped", "--type=merge", "-p")
    world.server.kubectl(*patch, '{"spec": {"suspend": false}}')
    until(lambda: status(world, "stopped")["counts"]["noEvidence"] == 2, "two verdicts")
    world.server.kubectl(*patch, '{"spec": {"cancel": true}}')
    world.server.kubectl("wait", "--for=condition=Failed", "abatch/stopped", WITH_PATIENCE)
    assert reason(world, "stopped", "Failed") == "Cancelled"
    assert [line["verdict"] for line in lines(world, "stopped")] == ["NoEvidence"] * 2
    until(lambda: world.pods.busy("scripted-0") == 0, "the third to be stopped")
    for name, expected in (("foreign", "SourceForbidden"), ("empty", "NoRecordings")):
        world.server.kubectl("wait", "--for=condition=Finished", f"abatch/{name}", WITH_PATIENCE)
        assert reason(world, name, "Failed") == expected


REFUSED = [
    ({"source": {}}, "give either spec.source.prefix or spec.source.manifest"),
    ({"source": {"prefix": "s3://media/team"}}, "a folder with a slash at the end"),
    ({"source": {"manifest": "s3://media/list.xlsx"}}, "ends with .csv, .jsonl or .ndjson"),
    ({"source": {"prefix": "s3://media/team/../evil/"}}, "without . or .. between slashes"),
    ({"source": {"prefix": "s3://media/"}, "parallelism": 0}, "greater than or equal to 1"),
]


def test_a_wrong_batch_is_refused_with_a_sentence(api_server: ApiServer) -> None:
    for spec, sentence in REFUSED:
        body = {"apiVersion": API, "kind": "AnalysisBatch", "metadata": {"name": "wrong"}, "spec": spec}
        answer = api_server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body), check=False)
        assert answer.returncode != 0
        assert sentence in answer.stderr
