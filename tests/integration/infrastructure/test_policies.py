"""What each service may do in AWS: the policies as Terraform computes them, asked by an IAM simulator."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult
from policy_sentry.querying.actions import get_action_data

from tests.support.terraform.configuration import ROOT
from tests.support.terraform.opentofu import tofu_in

pytestmark = pytest.mark.integration

_NAMES = {
    "partition": "aws",
    "region": "ap-northeast-2",
    "account_id": "123456789012",
    "media_bucket_arn": "arn:aws:s3:::media",
    "results_bucket_arn": "arn:aws:s3:::results",
    "media_prefixes": ["calls/", "care/home-7/"],
    "transcripts_prefix": "transcripts/",
    "tenants": ["calls"],
    "answers_task_tokens": True,
    "transcribes": True,
    "bedrock_model_id": "global.anthropic.claude-haiku-5-5",
}
_SERVICES = ("operator", "audio", "video", "context", "status-api")


def _policies(folder: Any, **changed: Any) -> dict[str, dict[str, Any]]:
    tofu = tofu_in(folder, *sorted((ROOT / "policies").glob("*.tf")))
    texts = tofu.outputs({**_NAMES, **changed})["json"]
    return {service: json.loads(policy) for service, policy in texts.items()}


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return _policies(tmp_path_factory.mktemp("policies"))


def _may(policy: dict[str, Any], action: str, resource: str, **condition: str) -> bool:
    # The simulator takes a statement whose condition does not hold for a denial of all; a Deny here has no condition.
    statements = [statement for statement in policy["Statement"] if _holds(statement.get("Condition", {}), condition)]
    assert not any("Condition" in statement for statement in statements if statement["Effect"] == "Deny")
    plain = [{key: value for key, value in statement.items() if key != "Condition"} for statement in statements]
    simulated = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": plain}))
    return bool(simulated.is_action_permitted(action, resource) == PermissionResult.PERMITTED)


def _holds(required: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    assert set(required) <= {"StringEquals", "StringLike"}
    like = required.get("StringLike", {}).items()
    return all(context.get(key) == value for key, value in required.get("StringEquals", {}).items()) and all(
        any(fnmatchcase(context.get(key, ""), pattern) for pattern in patterns) for key, patterns in like
    )


_RECORDING = "arn:aws:s3:::media/calls/2026/grandson.wav"
_OF_ANOTHER_GRANT = "arn:aws:s3:::media/care/home-7/night.mp4"
_NOT_GRANTED = "arn:aws:s3:::media/diary/me.wav"
_RESULT = "arn:aws:s3:::results/calls/9f/audio.json"
_CACHED = f"arn:aws:s3:::results/calls/.cached/{'a' * 64}.json"
_TRANSCRIPT = "arn:aws:s3:::results/transcripts/guardian-1.json"
_MODEL = "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-5-5"
_JOB = "arn:aws:transcribe:ap-northeast-2:123456789012:transcription-job/guardian-1"


@pytest.mark.parametrize(
    ("service", "action", "resource", "allowed"),
    [
        # Analyzers read what was granted, in the version that was asked for, and nothing beside it.
        ("audio", "s3:GetObject", _RECORDING, True),
        ("audio", "s3:GetObjectVersion", _RECORDING, True),
        ("audio", "s3:GetObject", _OF_ANOTHER_GRANT, True),
        ("audio", "s3:GetObject", _NOT_GRANTED, False),
        ("audio", "s3:GetObject", "arn:aws:s3:::media/calls-of-others/a.wav", False),
        ("audio", "s3:GetObject", "arn:aws:s3:::media/care/home-70/a.wav", False),
        ("audio", "s3:GetObject", "arn:aws:s3:::another-bucket/calls/a.wav", False),
        ("video", "s3:GetObject", _RECORDING, True),
        ("video", "s3:GetObject", _NOT_GRANTED, False),
        ("context", "s3:GetObject", _RECORDING, True),
        ("context", "s3:GetObject", _NOT_GRANTED, False),
        # They write results, and change no recording.
        ("audio", "s3:PutObject", _RESULT, True),
        ("audio", "s3:PutObject", "arn:aws:s3:::results/calls/9f/audio.png", True),
        ("video", "s3:PutObject", "arn:aws:s3:::results/calls/9f/video.json", True),
        ("context", "s3:PutObject", "arn:aws:s3:::results/functions/9f/context.json", True),
        # Each its own, nobody but the operator the report, and nobody but context anything below the transcripts.
        *(
            (service, "s3:PutObject", f"arn:aws:s3:::results/calls/9f/{name}", False)
            for service, names in {
                "audio": ("video.json", "video.png", "context.json", "report.html", "audio.html", "my-audio.json"),
                "video": ("audio.json", "context.json", "report.html"),
                "context": ("audio.json", "video.json", "report.html"),
                "operator": ("audio.json", "video.json", "context.json", "audio.png"),
                "status-api": ("audio.json", "report.html"),
            }.items()
            for name in names
        ),
        *(
            (service, action, f"arn:aws:s3:::results/transcripts/{name}", False)
            for service in ("audio", "video", "operator", "status-api")
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
            for name in ("guardian-1.json", "incoming/guardian-1.json", f"9f/{service}.json", "9f/report.html")
            if (service, action, name) != ("operator", "s3:DeleteObject", "guardian-1.json")
        ),
        # The operator alone erases: results, reports and kept transcripts by our names, and its tenants' uploads.
        ("operator", "s3:DeleteObject", _RESULT, True),
        ("operator", "s3:DeleteObject", "arn:aws:s3:::results/calls/call/9f/report.html", True),
        ("operator", "s3:DeleteObject", "arn:aws:s3:::results/calls/9f/video.png", True),
        ("operator", "s3:DeleteObject", "arn:aws:s3:::results/calls/9f/other.json", False),
        ("operator", "s3:DeleteObject", _TRANSCRIPT, True),
        ("operator", "s3:DeleteObject", _RECORDING, True),
        ("operator", "s3:DeleteObject", _OF_ANOTHER_GRANT, False),
        ("operator", "s3:DeleteObject", _NOT_GRANTED, False),
        ("operator", "s3:DeleteObjectVersion", _RECORDING, False),
        ("operator", "s3:PutObject", _RECORDING, False),
        *(("status-api", "s3:DeleteObject", where, False) for where in (_RECORDING, _RESULT, _TRANSCRIPT)),
        ("context", "s3:PutObject", _TRANSCRIPT, True),
        ("audio", "s3:PutObject", _RECORDING, False),
        ("audio", "s3:DeleteObject", _RECORDING, False),
        ("context", "s3:DeleteObject", _RECORDING, False),
        ("audio", "s3:DeleteObject", _RESULT, False),
        # One analyzer does not read what another one found.
        ("audio", "s3:GetObject", _RESULT, False),
        ("context", "s3:GetObject", _RESULT, False),
        ("context", "s3:GetObject", _TRANSCRIPT, True),
        ("context", "s3:DeleteObject", _TRANSCRIPT, True),
        # No one lists a bucket: keys can name people. Of the operator, see below.
        *((service, "s3:ListBucket", "arn:aws:s3:::media", False) for service in _SERVICES),
        # The operator joins results to a report. It never opens a recording.
        ("operator", "s3:GetObject", _RESULT, True),
        ("operator", "s3:PutObject", "arn:aws:s3:::results/calls/9f/report.html", True),
        *((service, "s3:PutObject", _CACHED, service == "operator") for service in _SERVICES),
        ("operator", "s3:GetObject", _RECORDING, False),
        # For a batch it reads lists of recordings, and writes what became of them.
        ("operator", "s3:GetObject", "arn:aws:s3:::media/calls/lists/november.csv", True),
        ("operator", "s3:GetObject", "arn:aws:s3:::media/care/home-7/list.jsonl", True),
        ("operator", "s3:GetObject", "arn:aws:s3:::media/diary/list.csv", False),
        ("operator", "s3:PutObject", "arn:aws:s3:::results/calls/november/9f/part-000000.jsonl", True),
        ("operator", "s3:PutObject", "arn:aws:s3:::results/transcripts/9f/part-000000.jsonl", False),
        ("operator", "s3:PutObject", "arn:aws:s3:::media/calls/part-000000.jsonl", False),
        # Only the operator answers state machines, and only by a token.
        ("operator", "states:SendTaskSuccess", "*", True),
        ("operator", "states:SendTaskFailure", "*", True),
        ("operator", "states:StartExecution", "arn:aws:states:ap-northeast-2:123456789012:stateMachine:x", False),
        *((service, "states:SendTaskSuccess", "*", False) for service in _SERVICES if service != "operator"),
        # The status API signs uploads and links to results; a link to a recording it cannot sign.
        ("status-api", "s3:PutObject", _RECORDING, True),
        ("status-api", "s3:PutObject", _NOT_GRANTED, False),
        ("status-api", "s3:PutObject", _OF_ANOTHER_GRANT, False),
        ("status-api", "s3:GetObject", "arn:aws:s3:::results/calls/call/9f/report.html", True),
        ("status-api", "s3:GetObject", "arn:aws:s3:::results/others/call/9f/report.html", False),
        ("status-api", "s3:GetObject", _RESULT, False),
        ("status-api", "s3:GetObject", _RECORDING, False),
        # Only the context analyzer transcribes, its own jobs, and asks its one model.
        ("context", "transcribe:GetTranscriptionJob", _JOB, True),
        ("context", "transcribe:DeleteTranscriptionJob", _JOB.replace("guardian-1", "of-others"), False),
        ("audio", "transcribe:GetTranscriptionJob", _JOB, False),
        ("context", "bedrock:InvokeModel", _MODEL, True),
        ("context", "bedrock:InvokeModel", _MODEL.replace("haiku", "opus"), False),
        # No identity can become another one.
        *((service, action, "*", False) for service in _SERVICES for action in ("sts:AssumeRole", "iam:PassRole")),
    ],
)  # fmt: skip
def test_who_may_do_what(
    policies: dict[str, dict[str, Any]], service: str, action: str, resource: str, allowed: bool
) -> None:
    assert _may(policies[service], action, resource) is allowed


def test_only_the_operator_lists_recordings_and_only_under_what_is_granted(policies: dict[str, dict[str, Any]]) -> None:
    def may(service: str, prefix: str, bucket: str = "media") -> bool:
        return _may(policies[service], "s3:ListBucket", f"arn:aws:s3:::{bucket}", **{"s3:prefix": prefix})

    assert may("operator", "calls/")
    assert may("operator", "care/home-7/2026/")
    assert not any(may("operator", prefix) for prefix in ("", "calls", "calls-of-others/", "care/", "diary/"))
    assert not may("operator", "calls/", "results")
    assert not any(may(service, "calls/") for service in _SERVICES if service != "operator")


def test_a_transcription_can_only_go_into_the_results_bucket(policies: dict[str, dict[str, Any]]) -> None:
    def may(bucket: str) -> bool:
        condition = {"transcribe:OutputBucketName": bucket}
        return _may(policies["context"], "transcribe:StartTranscriptionJob", "*", **condition)

    assert may("results")
    assert not may("somebody-elses")
    assert not _may(policies["context"], "transcribe:StartTranscriptionJob", "*")


def test_who_has_no_tenants_and_no_tokens_to_answer_has_no_rights_for_them(tmp_path: Any) -> None:
    policies = _policies(tmp_path, tenants=[], answers_task_tokens=False)
    assert "Allow" not in {statement["Effect"] for statement in policies["status-api"]["Statement"]}
    assert "states:" not in json.dumps(policies["operator"])
    assert not _may(policies["operator"], "s3:DeleteObject", _RECORDING)


def test_without_a_model_no_service_may_call_bedrock(tmp_path: Any) -> None:
    without = _policies(tmp_path, bedrock_model_id=None)
    assert not any("bedrock" in json.dumps(policy) for policy in without.values())


def test_without_transcribe_no_recording_is_sent_to_it_and_nobody_reaches_transcripts(tmp_path: Any) -> None:
    policies = _policies(tmp_path, transcribes=False)
    assert "transcribe:" not in json.dumps(policies)
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert not _may(policies["context"], action, _TRANSCRIPT)
    assert _may(policies["context"], "s3:PutObject", "arn:aws:s3:::results/calls/9f/context.json")


def test_a_key_of_ones_own_is_used_by_way_of_s3_alone(tmp_path: Any) -> None:
    key = "arn:aws:kms:ap-northeast-2:123456789012:key/0a"
    for policy in _policies(tmp_path, kms_key_arn=key).values():
        by_s3, by_hand = {"kms:ViaService": "s3.ap-northeast-2.amazonaws.com"}, {"kms:ViaService": "ec2.amazonaws.com"}
        assert _may(policy, "kms:Decrypt", key, **by_s3)
        assert _may(policy, "kms:GenerateDataKey", key, **by_s3)
        assert not _may(policy, "kms:Decrypt", key, **by_hand)
        assert not _may(policy, "kms:Decrypt", key.replace("0a", "0b"), **by_s3)


def test_a_profile_reaches_its_part_of_the_world_only(tmp_path: Any) -> None:
    policy = _policies(tmp_path, bedrock_model_id="apac.anthropic.claude-haiku-5-5")["context"]
    model = "arn:aws:bedrock:{}::foundation-model/anthropic.claude-haiku-5-5"
    assert _may(policy, "bedrock:InvokeModel", model.format("ap-southeast-1"))
    assert not _may(policy, "bedrock:InvokeModel", model.format("us-west-2"))
    profile = "arn:aws:bedrock:ap-northeast-2:123456789012:inference-profile/{}.anthropic.claude-haiku-5-5"
    assert _may(policy, "bedrock:InvokeModel", profile.format("apac"))
    assert not _may(policy, "bedrock:InvokeModel", profile.format("global"))


def test_a_model_of_the_region_is_allowed_in_that_region_only(tmp_path: Any) -> None:
    policy = _policies(tmp_path, bedrock_model_id="anthropic.claude-haiku-5-5")["context"]
    model = "arn:aws:bedrock:{}::foundation-model/anthropic.claude-haiku-5-5"
    assert _may(policy, "bedrock:InvokeModel", model.format("ap-northeast-2"))
    assert not _may(policy, "bedrock:InvokeModel", model.format("us-west-2"))


@pytest.mark.parametrize("service", _SERVICES)
def test_every_action_is_one_of_aws_and_its_resource_of_a_kind_that_it_takes(
    policies: dict[str, dict[str, Any]], service: str
) -> None:
    for statement in policies[service]["Statement"]:
        for action in statement["Action"]:
            assert "*" not in action
            prefix, _, name = action.partition(":")
            data = get_action_data(prefix, name)
            assert data, f"{action} is no action of AWS"
            formats = {entry["resource_arn_format"] for entry in data[prefix]}
            for resource in statement["Resource"]:
                assert any(_is_of_kind(resource, kind) for kind in formats), (action, resource, formats)
            keys = {key for entry in data[prefix] for key in entry["condition_keys"]}
            assert {key for test in statement.get("Condition", {}).values() for key in test} <= keys


def _is_of_kind(resource: str, kind: str) -> bool:
    if kind == "*" or resource == "*":
        # An action that knows resources is given some.
        return kind == resource
    parts = re.split(r"\$\{\w+\}", kind)
    return re.fullmatch(".*".join(map(re.escape, parts)), resource) is not None
