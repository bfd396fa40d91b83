"""The pipeline's state machine, executed: each branch asks a real API server, and the operator answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

from ml.context.scripts import load_calls, transcribed
from tests.cluster.shell import WITH_PATIENCE
from tests.support.aws.pipeline import Pipeline, grant_by_terraform
from tests.support.aws.s3 import REGION, S3Process
from tests.support.aws.state_machine import ANALYZERS, patches
from tests.support.kubernetes.apiserver import PIPELINE_TOKEN, ApiServer
from tests.support.operator.process import until
from tests.support.operator.world import close_world, open_world
from tests.support.ports import free_port

pytestmark = pytest.mark.integration

FAKE = {"verdict": "LikelyFake", "score": 91}
CLEAN = {"verdict": "NoEvidence", "score": 12}


@pytest.fixture(scope="module")
def pipeline(api_server: ApiServer, s3: S3Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("pipeline")
    grant_by_terraform(api_server)
    faults: list[int] = []
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for target, value in patches(PIPELINE_TOKEN, faults):
            patch.setattr(target, value)
        patch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": True})
        # What the interpreter calls, what the operator and the function call.
        here = {"MOTO_PORT": str(port), "AWS_ENDPOINT_URL_SFN": endpoint, "GUARDIAN_CONTEXT_MODEL": "none"}
        for name, value in {**here, **s3.environment()}.items():
            patch.setenv(name, value)
        server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        server.start()
        world = open_world(api_server, s3, folder, pods=0)
        for name in ANALYZERS:
            world.pods.pool(name, port=free_port(), concurrency=4)
        yield Pipeline(world, boto3.client("stepfunctions", region_name=REGION), faults)
        close_world(world)
        server.stop()


def _until_asked(pipeline: Pipeline, name: str) -> None:
    server = pipeline.world.server
    until(lambda: server.read.find("analysisrequest", name), f"{name} to be created")


BOTH_WAYS = pytest.mark.parametrize("way", ["poll", "token"])


def entries(ended: dict[str, Any]) -> dict[str, Any]:
    """Return what each branch reported, by analyzer."""
    return {entry["analyzer"]: entry for entry in ended["output"]["analyses"]}


@BOTH_WAYS
def test_three_requests_are_made_and_their_verdicts_become_one(pipeline: Pipeline, way: str) -> None:
    event = pipeline.put("all.wav", audio=FAKE, video=CLEAN, context={"verdict": "Suspicious", "score": 60})
    ended = pipeline.run(f"All_{way}", event, way)
    assert ended["status"] == "SUCCEEDED"
    output = ended["output"]
    assert (output["verdict"], output["score"], output["reason"]) == ("LikelyFake", 91, "Completed")
    assert output["source"] == {"uri": "s3://media/all.wav"}
    assert {name: entry["verdict"] for name, entry in entries(ended).items()} == {
        "audio": "LikelyFake",
        "video": "NoEvidence",
        "context": "Suspicious",
    }
    requests = pipeline.requests(f"all-{way}")
    assert set(requests) == set(ANALYZERS)
    for item in requests.values():
        assert item["metadata"]["annotations"]["silverguardian.io/execution"] == ended["executionArn"]
        assert item["spec"]["source"] == {"uri": "s3://media/all.wav"}
    users = {entry.split()[0] for entry in pipeline.world.server.writes("pipeline", f"upload-all-{way}-audio")}
    assert users == {"create"}


def test_the_operator_answers_each_token_once(pipeline: Pipeline) -> None:
    event = pipeline.put("answered.wav", audio=FAKE, video={"seconds": 1.5}, context={"fail": "UnsupportedMedia"})
    ended = pipeline.run("answered", event, "token")
    assert ended["output"]["verdict"] == "LikelyFake"
    for item in pipeline.requests("answered").values():
        name = item["metadata"]["name"]
        pipeline.world.server.kubectl("wait", "--for=condition=CallbackDelivered", f"areq/{name}", WITH_PATIENCE)
    entered = pipeline.entered(ended["executionArn"])
    assert len(entered) == 5 + len(ANALYZERS) * 4, "each request is looked at once, when the token was answered"


def test_it_costs_what_the_documentation_says(pipeline: Pipeline) -> None:
    ended = pipeline.run("cost", pipeline.put("cost.wav", video={"seconds": 5}))
    entered = pipeline.entered(ended["executionArn"])
    looks = {name: entered.count(f"Has {name} finished?") for name in ANALYZERS}
    assert looks["video"] > 1
    assert len(entered) == 5 + sum(2 + 3 * count for count in looks.values())


FUNCTION: dict[str, Any] = {
    "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:context",
    "function_seconds": 30,
    "results": "s3://functions/results/",
}


def test_a_function_says_what_is_said_where_there_is_one(pipeline: Pipeline) -> None:
    pipeline.world.s3.make_bucket("functions")
    call = next(call for call in load_calls() if call.name == "en-tax-gift-cards")
    event = pipeline.put("spoken.wav", audio=CLEAN)
    pipeline.world.s3.put("media", "spoken.wav.transcript.json", transcribed(call))
    ended = pipeline.run("spoken", event, **FUNCTION)
    entry = entries(ended)["context"]
    assert (entry["state"], entry["verdict"], entry["reason"]) == ("Succeeded", "Suspicious", "Completed")
    assert (ended["output"]["verdict"], ended["output"]["score"]) == ("Suspicious", entry["score"])
    assert entry["resultURI"] == "s3://functions/results/upload-spoken-context/context.json"
    assert set(pipeline.requests("spoken")) == {"audio", "video"}


def test_what_the_function_cannot_find_is_reported_like_any_failed_branch(pipeline: Pipeline) -> None:
    event = pipeline.put("absent.wav", audio=FAKE)
    event["detail"]["object"]["key"] = "never.wav"
    ended = pipeline.run("absent", event, **FUNCTION)
    assert entries(ended)["context"]["reason"] == "SourceNotFound"
    assert ended["output"]["reason"] == "SourceNotFound"


def test_the_version_of_the_event_is_what_is_analysed(pipeline: Pipeline) -> None:
    event = pipeline.put("versioned.wav", audio=CLEAN)
    event["detail"]["object"]["version-id"] = "no-such-version"
    ended = pipeline.run("versioned", event)
    assert {item["spec"]["source"]["versionId"] for item in pipeline.requests("versioned").values()} == {
        "no-such-version"
    }
    assert ended["output"]["reason"] == "SourceNotFound"


@BOTH_WAYS
def test_a_branch_that_failed_makes_no_evidence_inconclusive_and_is_reported(pipeline: Pipeline, way: str) -> None:
    ended = pipeline.run(f"partly-{way}", pipeline.put("partly.wav", context={"fail": "UnsupportedMedia"}), way)
    output = ended["output"]
    assert ended["status"] == "SUCCEEDED"
    assert (output["verdict"], output["reason"]) == ("Inconclusive", "PartiallyCompleted")
    assert "context failed (UnsupportedMedia)" in output["message"]


def test_a_recording_without_a_picture_is_not_held_against_it(pipeline: Pipeline) -> None:
    ended = pipeline.run("voice", pipeline.put("voice.wav", audio=CLEAN, video={"fail": "NoVideoStream"}))
    assert (ended["output"]["verdict"], ended["output"]["reason"]) == ("NoEvidence", "Completed")
    assert "video skipped (NoVideoStream)" in ended["output"]["message"]


def test_what_is_no_recording_ends_with_the_reason_and_without_a_verdict(pipeline: Pipeline) -> None:
    script = {"fail": "UnsupportedMedia"}
    ended = pipeline.run("letter", pipeline.put("letter.txt", audio=script, video=script, context=script))
    assert ended["status"] == "SUCCEEDED"
    assert (ended["output"]["verdict"], ended["output"]["score"]) == (None, None)
    assert ended["output"]["reason"] == "UnsupportedMedia"


def test_a_key_of_any_characters_names_the_object(pipeline: Pipeline) -> None:
    key = 'calls/할머니 "전화" {%1%}+a%20b\\c.wav'
    ended = pipeline.run("key", pipeline.put(key, audio=FAKE))
    assert ended["output"]["verdict"] == "LikelyFake"
    assert ended["output"]["source"]["uri"] == f"s3://media/{key}"


@BOTH_WAYS
def test_a_repeat_goes_on_with_the_same_requests(pipeline: Pipeline, way: str) -> None:
    event = pipeline.put("again.wav", audio=FAKE)
    first = pipeline.run(f"again-{way}", event, way)
    before = {name: item["metadata"]["uid"] for name, item in pipeline.requests(f"again-{way}").items()}
    second = pipeline.run(f"again-{way}", event, way)
    assert second["output"] == first["output"]
    assert {name: item["metadata"]["uid"] for name, item in pipeline.requests(f"again-{way}").items()} == before


@BOTH_WAYS
def test_a_request_that_asks_for_something_else_is_a_conflict(pipeline: Pipeline, way: str) -> None:
    pipeline.run(f"taken-{way}", pipeline.put("first.wav", audio=FAKE), way)
    ended = pipeline.run(f"taken-{way}", pipeline.put("second.wav", audio=CLEAN), way)
    assert (ended["status"], ended["error"]) == ("FAILED", "RequestConflict")
    assert "s3://media/first.wav" in ended["cause"]


def test_another_executions_request_is_a_conflict_of_one_branch(pipeline: Pipeline) -> None:
    event = pipeline.put("mine.wav", audio=CLEAN)
    pipeline.world.ask("upload-mine-audio", "s3://media/mine.wav", analyzers=["audio"])
    ended = pipeline.run("mine", event)
    assert ended["output"]["verdict"] == "Inconclusive"
    assert entries(ended)["audio"]["reason"] == "RequestConflict"


@BOTH_WAYS
def test_waiting_ends(pipeline: Pipeline, way: str) -> None:
    event = pipeline.put("slow.wav", audio=FAKE, video={"seconds": 100})
    ended = pipeline.run(f"slow-{way}", event, way, wait_seconds=3)
    output = ended["output"]
    assert (output["verdict"], output["reason"]) == ("LikelyFake", "PartiallyCompleted")
    assert entries(ended)["video"]["reason"] == "WaitTimedOut"


@BOTH_WAYS
def test_a_server_that_fails_for_a_while_is_asked_again(pipeline: Pipeline, way: str) -> None:
    pipeline.faults.extend([503, 500, 429, 502])
    ended = pipeline.run(f"shaky-{way}", pipeline.put("shaky.wav", audio=FAKE), way)
    assert ended["output"]["verdict"] == "LikelyFake"
    assert ended["output"]["reason"] == "Completed"
    assert pipeline.faults == []


def test_an_api_server_that_goes_and_comes_back_costs_no_verdict(pipeline: Pipeline) -> None:
    server = pipeline.world.server
    execution = pipeline.start("outage", pipeline.put("outage.wav", audio=FAKE, video={"seconds": 2}))
    for name in ANALYZERS:
        _until_asked(pipeline, f"upload-outage-{name}")
    server.stop()
    until(lambda: "EKS.Unreachable" in pipeline.errors(execution), "a call to fail")
    server.start()
    ended = pipeline.end(execution)
    assert (ended["output"]["verdict"], ended["output"]["reason"]) == ("LikelyFake", "Completed")


@BOTH_WAYS
def test_without_rights_the_execution_fails_and_says_so(pipeline: Pipeline, way: str) -> None:
    ended = pipeline.run(f"denied-{way}", pipeline.put("denied.wav"), way, namespace="kube-system")
    assert (ended["status"], ended["error"]) == ("FAILED", "EKS.403")
    assert "could not be created" in ended["cause"]
    assert way == "token" or "forbidden" in ended["cause"], "moto drops the cause of SendTaskFailure"


def test_a_name_that_is_no_bucket_is_refused_by_the_api_server(pipeline: Pipeline) -> None:
    ended = pipeline.run("bucket", {"detail": {"bucket": {"name": "No_Bucket"}, "object": {"key": "a"}}})
    assert (ended["status"], ended["error"]) == ("FAILED", "EKS.422")
    assert "name one S3 object as s3://BUCKET/KEY" in ended["cause"]


def test_a_request_that_is_deleted_or_replaced_is_reported(pipeline: Pipeline) -> None:
    slow = {"seconds": 100}
    execution = pipeline.start("gone", pipeline.put("gone.wav", audio=slow, video=slow), poll_seconds=3)
    for name in ("audio", "video"):
        _until_asked(pipeline, f"upload-gone-{name}")
    replaced = pipeline.world.server.read.get("analysisrequest", "upload-gone-video")
    pipeline.world.server.kubectl("delete", "areq", "upload-gone-audio", "upload-gone-video")
    meta = {key: replaced["metadata"][key] for key in ("name", "namespace", "annotations")}
    pipeline.world.server.apply({**replaced, "metadata": meta, "status": {}})
    analyses = entries(pipeline.end(execution))
    assert analyses["audio"]["reason"] == "EKS.404"
    assert analyses["video"]["reason"] == "RequestReplaced"


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"detail": {"bucket": {"name": "media"}, "object": {}}}, id="no key"),
        pytest.param({"detail": {"bucket": {"name": "media"}, "object": {"key": ""}}}, id="an empty key"),
        pytest.param({"detail": {"bucket": {"name": "media"}, "object": {"key": 7}}}, id="a key that is a number"),
        pytest.param({"detail": {"object": {"key": "a.wav"}}}, id="no bucket"),
    ],
)
def test_an_input_that_names_no_object_is_a_clear_error(pipeline: Pipeline, event: dict[str, Any]) -> None:
    ended = pipeline.run("unclear", event)
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidInput")
    assert "names no object" in ended["cause"]
