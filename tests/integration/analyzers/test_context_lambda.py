"""The context analyzer as it is packaged for AWS Lambda: the zip alone, with nothing of this checkout's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer_contract import EVENT, Failure, FailureReason, Result, Verdict
from ml.context.scripts import load_calls, transcribed
from tests.cluster.paths import repo_root
from tests.support.analyzers.service import CREDENTIALS
from tests.support.aws.scripted import ScriptedAws, judges

pytestmark = pytest.mark.integration

_INVOKE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from context_analyzer.lambda_handler import handler

class Context:
    aws_request_id = "6a1f-request"
    def get_remaining_time_in_millis(self):
        return 60_000

real, sys.stdout = sys.stdout, sys.stderr
print(json.dumps([handler(event, Context()) for event in json.load(sys.stdin)]), file=real)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lambda")
    package = folder / "context.zip"
    environment = {**os.environ, "LAMBDA_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}"}
    subprocess.run([repo_root() / "scripts" / "package-lambda.sh", package], check=True, env=environment)
    assert package.stat().st_size < 50_000_000, "Lambda takes no larger zip directly"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / "function")
    return folder / "function"


def invoke(function: Path, endpoint: str, bedrock: str, *events: Any) -> list[Result | Failure]:
    environment = {
        "PATH": os.environ["PATH"],
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
    }
    # Without site-packages: what is not in the zip is not there.
    command = [os.path.realpath(sys.executable), "-I", "-S", "-c", _INVOKE, str(function)]
    done = subprocess.run(
        command, input=json.dumps(events), env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    lasts = [EVENT.validate_python(answer) for answer in json.loads(done.stdout)]
    return [last for last in lasts if isinstance(last, Result | Failure)]


def test_it_answers_as_the_service_does(
    unpacked: Path, s3_endpoint: str, put: Callable[[str, bytes | Path], str]
) -> None:
    call = next(call for call in load_calls() if call.name == "en-tax-gift-cards")
    uri = put("lambda/call.wav", b"sound")
    put("lambda/call.wav.transcript.json", transcribed(call))
    with ScriptedAws().serving() as bedrock:
        bedrock.will(judges(91, "AuthorityImpersonation", [(2, "There is a warrant for your arrest")]))
        job = {"id": "run-7", "source": {"uri": uri}, "resultPrefix": "s3://results/lambda/", "deadlineSeconds": 30}
        full, bare, missing = invoke(
            unpacked, s3_endpoint, bedrock.url, job, {"uri": uri}, {"uri": "s3://media/lambda/none.wav"}
        )
    assert isinstance(full, Result)
    assert (full.verdict, full.score) == (Verdict.SUSPICIOUS, 95)
    assert full.result_uri == "s3://results/lambda/context.json"
    assert isinstance(bare, Result)
    assert (bare.verdict, bare.result_uri) == (Verdict.SUSPICIOUS, None)
    assert isinstance(missing, Failure)
    assert missing.reason is FailureReason.SOURCE_NOT_FOUND
