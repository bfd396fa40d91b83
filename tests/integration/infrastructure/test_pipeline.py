"""The state machine that the other tests execute is the one that OpenTofu renders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws.state_machine import FOLDER, create_definition, definition, event_pattern
from tests.support.terraform.opentofu import tofu_in

pytestmark = pytest.mark.integration

CREATE_ARN = "arn:aws:states:ap-northeast-2:123456789012:stateMachine:create"
FUNCTION = {"arn": "arn:aws:lambda:ap-northeast-2:123456789012:function:context", "seconds": 840, "results": "s3://r/"}
PREFIXES = ["calls/", "care/home-7/"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pipeline")


@pytest.mark.parametrize("function", [None, FUNCTION], ids=["context in pods", "context as a function"])
@pytest.mark.parametrize("create_arn", [None, CREATE_ARN], ids=["looking", "answered by token"])
def test_tofu_renders_what_is_tested(folder: Path, create_arn: str | None, function: dict[str, Any] | None) -> None:
    cluster = {"name": "guardian", "endpoint": "https://cluster", "certificate_authority": "Y2E="}
    names = {"namespace": "calls", "poll_seconds": 3, "wait_seconds": 1800}
    tofu = tofu_in(folder, *FOLDER.glob("*.tf"), *FOLDER.glob("*.json"))
    media = {"media_bucket": "media", "prefixes": PREFIXES}
    chosen = {"create_state_machine_arn": create_arn, "context_function": function}
    given = {"cluster": cluster, **names, **media, **chosen}
    outputs = tofu.outputs({**given, "words": True})
    (without,) = [
        state
        for state in json.loads(tofu.outputs({**given, "words": False})["definition"])["States"].values()
        if state["Type"] == "Parallel"
    ]
    assert len(without["Branches"]) == 2, "nobody is asked for words that nobody writes down"
    settings: dict[str, Any] = {**names, **{f"cluster_{key}": value for key, value in cluster.items()}}
    settings |= {"endpoint": cluster["endpoint"], "certificate_authority": cluster["certificate_authority"]}
    settings |= {} if function is None else {f"function_{key}": value for key, value in function.items()}
    settings |= {"results": FUNCTION["results"]}
    assert outputs["definition"] == definition(create_arn, **settings)
    assert outputs["create_definition"] == create_definition(**settings)
    assert json.loads(outputs["event_pattern"]) == json.loads(event_pattern("media", PREFIXES))
