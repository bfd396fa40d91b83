"""Requests against a real API server: refused, finished, cancelled, and every fault survived."""

from __future__ import annotations

import json
import time

import pytest
import yaml

from tests.cluster.shell import WITH_PATIENCE
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, NAMESPACE, until
from tests.support.operator.world import World
from tests.support.waiting import Stopwatch

pytestmark = pytest.mark.integration


def manifest(**spec: object) -> str:
    meta = {"name": "refused", "namespace": "default"}
    return yaml.safe_dump({"apiVersion": API, "kind": "AnalysisRequest", "metadata": meta, "spec": spec})


REFUSED = [
    ("another scheme", {"source": {"uri": "https://media/call.wav"}}, "name one S3 object as s3://BUCKET/KEY"),
    ("a bucket without a key", {"source": {"uri": "s3://media/"}}, "name one S3 object as s3://BUCKET/KEY"),
    ("a way out of a prefix", {"source": {"uri": "s3://media/team/../evil/a"}}, "without . or .. between slashes"),
    ("a way to its end", {"source": {"uri": "s3://media/team/.."}}, "without . or .. between slashes"),
    ("a name that is turned", {"source": {"uri": "s3://media/a\u202evaw.exe"}}, "turn the direction of writing"),
    ("a control character", {"source": {"uri": "s3://media/a\u0007b"}}, "without control characters"),
    ("a misspelt field", {"source": {"uri": "s3://media/a"}, "prioriti": 3}, 'unknown field "spec.prioriti"'),
    ("no source", {"analyzers": ["audio"]}, "spec.source: Required value"),
    ("no analyzer", {"source": {"uri": "s3://media/a"}, "analyzers": []}, "should have at least 1 items"),
    ("an analyzer twice", {"source": {"uri": "s3://media/a"}, "analyzers": ["a", "a"]}, "Duplicate value"),
    (
        "an analyzer by a wrong name",
        {"source": {"uri": "s3://media/a"}, "analyzers": ["Audio"]},
        "name an Analyzer, in",
    ),
    ("no time at all", {"source": {"uri": "s3://media/a"}, "timeoutSeconds": 0}, "greater than or equal to 1"),
]


@pytest.mark.parametrize(("spec", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_wrong_request_is_refused_with_a_sentence(
    api_server: ApiServer, spec: dict[str, object], sentence: str
) -> None:
    answer = api_server.kubectl("apply", "-f", "-", stdin=manifest(**spec), check=False)
    assert answer.returncode != 0
    assert sentence in answer.stderr


REFUSED_ANALYZERS = [
    ("no image", {}, "spec.image: Required value"),
    (
        "a wrong amount",
        {"image": "x", "resources": {"requests": {"cpu": "half"}}},
        "write an amount of CPU as 500m or 2",
    ),
    ("a privileged port", {"image": "x", "port": 80}, "greater than or equal to 1024"),
    (
        "a variable with two values",
        {"image": "x", "env": [{"name": "A", "value": "1", "secretKey": {"name": "s", "key": "k"}}]},
        "give either value or secretKey",
    ),
]


@pytest.mark.parametrize(
    ("spec", "sentence"), [row[1:] for row in REFUSED_ANALYZERS], ids=[row[0] for row in REFUSED_ANALYZERS]
)
def test_a_wrong_analyzer_is_refused_with_a_sentence(
    api_server: ApiServer, spec: dict[str, object], sentence: str
) -> None:
    wrong = {"apiVersion": API, "kind": "Analyzer", "metadata": {"name": "wrong"}, "spec": spec}
    answer = api_server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(wrong), check=False)
    assert answer.returncode != 0
    assert sentence in answer.stderr


def test_requests_are_found_by_their_source(api_server: ApiServer) -> None:
    api_server.kubectl("apply", "-f", "-", stdin=manifest(source={"uri": "s3://media/found"}))
    listed = api_server.kubectl("get", "areq", "-o", "name", "--field-selector=spec.source.uri=s3://media/found")
    api_server.kubectl("delete", "areq", "refused")
    assert listed.stdout.split() == ["analysisrequest.silverguardian.io/refused"]


def test_a_spec_does_not_change_but_for_cancel_priority_and_suspend(api_server: ApiServer) -> None:
    source = {"uri": "s3://media/a"}
    api_server.kubectl("apply", "-f", "-", stdin=manifest(source=source))
    changed = api_server.kubectl("apply", "-f", "-", stdin=manifest(source={"uri": "s3://media/b"}), check=False)
    assert "spec.source cannot change: create another AnalysisRequest" in changed.stderr
    limited = manifest(source=source, deadlineSeconds=60)
    later = api_server.kubectl("apply", "-f", "-", stdin=limited, check=False)
    assert "spec.deadlineSeconds cannot change: create another AnalysisRequest" in later.stderr
    api_server.kubectl("apply", "-f", "-", stdin=manifest(source=source, suspend=True))
    api_server.kubectl("apply", "-f", "-", stdin=manifest(source=source, priority=5, cancel=True))
    back = api_server.kubectl("apply", "-f", "-", stdin=manifest(source=source, priority=5), check=False)
    assert "a cancelled request stays so" in back.stderr
    api_server.kubectl("delete", "areq", "refused")


def test_a_new_request_reads_pending_before_any_operator_saw_it(api_server: ApiServer) -> None:
    api_server.kubectl("apply", "-f", "-", stdin=manifest(source={"uri": "s3://media/a"}))
    listed = api_server.kubectl("get", "areq", "refused").stdout
    api_server.kubectl("delete", "areq", "refused")
    assert listed.split()[:7] == ["NAME", "VERDICT", "SCORE", "STATUS", "PROGRESS", "DURATION", "AGE"]
    assert "Pending" in listed


def test_a_request_gets_its_verdict_in_few_writes(world: World) -> None:
    uri = world.put("suspicious", verdict="Suspicious", score=71)
    world.ask("call", uri)
    status = world.wait("call")
    assert (status["verdict"], status["score"], status["progress"]) == ("Suspicious", 71, 100)
    assert {entry["type"]: entry["status"] for entry in status["conditions"]} == {
        "Succeeded": "True",
        "Finished": "True",
        "Reconciling": "False",
    }
    assert all(entry["observedGeneration"] == 1 for entry in status["conditions"])
    (analysis,) = status["analyses"]
    assert (analysis["attempts"], analysis["disruptions"], analysis["pod"]) == (1, 0, "scripted-0")
    until(lambda: "create events" in world.server.writes("operator", "call"), "the event to be posted")
    assert len(world.server.writes("operator", "call")) <= 3
    assert len(json.dumps(status)) < 8192


def test_progress_is_written_at_most_every_two_seconds(world: World) -> None:
    began = time.monotonic()
    world.ask("slow", world.put("slow", seconds=5))
    world.wait("slow")
    writes = [entry for entry in world.server.writes("operator", "slow") if "status" in entry]
    beginning_and_end = 2
    assert 2 <= len(writes) <= beginning_and_end + (time.monotonic() - began) // 2


def test_an_unknown_analyzer_ends_the_request_once_it_was_waited_for(world: World) -> None:
    stopwatch = Stopwatch()
    world.ask("lips", world.put("any"), analyzers=["lips"])
    world.wait("lips")
    assert stopwatch.seconds <= 10
    assert world.reason("lips") == "AnalyzerNotFound"


def test_a_verdict_is_written_once(world: World) -> None:
    world.ask("written", world.put("any"))
    world.wait("written")
    for changed in ({"verdict": "LikelyFake"}, {"verdict": None}, {"finishedAt": "2026-01-01T00:00:00Z"}):
        patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": changed}))
        answer = world.server.kubectl("patch", "areq", "written", *patch, check=False)
        assert answer.returncode != 0
        assert "is written once" in answer.stderr


def test_a_missing_key_ends_the_request_at_once(world: World) -> None:
    stopwatch = Stopwatch()
    world.ask("missing", "s3://media/nothing-here")
    status = world.wait("missing")
    assert stopwatch.seconds <= 20
    assert world.reason("missing") == "SourceNotFound"
    assert status["analyses"][0]["attempts"] == 1
    assert "nothing-here" in status["analyses"][0]["message"]


def test_a_child_that_dies_is_tried_again_and_every_attempt_is_counted(world: World) -> None:
    world.ask("crash", world.put("crash", crash="sigkill"), maxAttempts=2)
    status = world.wait("crash")
    assert world.reason("crash") == "WorkerCrashed"
    assert (status["analyses"][0]["attempts"], status["analyses"][0]["disruptions"]) == (2, 0)
    assert world.pods.health("scripted-0") is not None, "the pod outlives its child"


def test_a_child_out_of_memory_is_named_so(world: World) -> None:
    world.ask("oom", world.put("oom", crash="oom"), maxAttempts=1)
    world.wait("oom")
    assert world.reason("oom") == "OutOfMemory"


def test_a_hang_ends_at_the_deadline(world: World) -> None:
    stopwatch = Stopwatch()
    world.ask("hang", world.put("hang", crash="hang"), timeoutSeconds=2)
    world.wait("hang")
    assert stopwatch.seconds <= 20
    assert world.reason("hang") == "DeadlineExceeded"


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_work_stops_within_two_seconds_when_it_is_not_wanted_any_more(world: World, how: str) -> None:
    name = f"unwanted-{how}"
    world.ask(name, world.put("long", seconds=60))
    pod = world.until_running(name)
    if how == "cancel":
        world.server.kubectl("patch", "areq", name, "--type=merge", "-p", '{"spec": {"cancel": true}}')
    else:
        world.server.kubectl("delete", "areq", name)
    stopwatch = Stopwatch()
    until(lambda: world.pods.busy(pod) == 0, "the work to stop")
    assert stopwatch.seconds <= 2
    if how == "cancel":
        status = world.wait(name)
        assert stopwatch.seconds <= 5
        assert world.reason(name) == "Cancelled"
        assert "verdict" not in status


def test_work_is_suspended_and_resumed_and_a_paused_pool_holds_it_until_the_deadline(world: World) -> None:
    world.ask("held", world.put("some", seconds=3))
    pod = world.until_running("held")
    world.patch("areq", "held", {"spec": {"suspend": True}})
    until(lambda: world.pods.busy(pod) == 0, "the work to stop")
    until(lambda: world.reason("held") == "Suspended", "the status to say so")
    world.patch("areq", "held", {"spec": {"suspend": False}})
    (entry,) = world.wait("held")["analyses"]
    assert (entry["state"], entry["attempts"], entry["disruptions"]) == ("Succeeded", 1, 0)

    world.patch("analyzer", "scripted", {"spec": {"paused": True}}, NAMESPACE)
    world.ask("late", world.put("any"), deadlineSeconds=6)
    until(lambda: world.reason("late") == "Paused", "the status to name the pool")
    world.server.kubectl("wait", "--for=condition=Ready=False", "analyzer/scripted", "-n", NAMESPACE, WITH_PATIENCE)
    world.wait("late")
    assert world.reason("late") == "DeadlineExceeded"
    world.patch("analyzer", "scripted", {"spec": {"paused": False}}, NAMESPACE)
    world.ask("again", world.put("any"))
    world.wait("again")
    assert world.reason("again") == "Completed"


def test_urgent_requests_go_first_and_namespaces_take_turns(world: World) -> None:
    for namespace in ("ward-a", "ward-b"):
        world.server.kubectl("create", "namespace", namespace, check=False)
    uri = world.put("short", seconds=0.3)
    world.ask("holder", world.put("hold", seconds=60))
    world.until_running("holder")
    for n in range(3):
        world.ask(f"a{n}", uri, namespace="ward-a")
    world.ask("b0", uri, namespace="ward-b")
    world.ask("urgent", uri, namespace="ward-a", priority=10)
    queued = 'silver_guardian_queued{analyzer="scripted"} 5.0'
    until(lambda: queued in world.operator.get("/metrics")[1], "all five to wait")
    world.server.kubectl("delete", "areq", "holder")
    every = [("ward-a", name) for name in ("a0", "a1", "a2", "urgent")] + [("ward-b", "b0")]
    started = {name: world.wait(name, namespace)["analyses"][0]["startedAt"] for namespace, name in every}
    order = sorted(started, key=started.__getitem__)
    assert order[0] == "urgent"
    assert order.index("a0") < order.index("a1") < order.index("a2")
