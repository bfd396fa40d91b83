"""A real interpreter of state machines, moto's: an execution that waits for a token goes on with the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from analysis_operator.callbacks.delivery import Answer, AnswerDelivered, AnswerRefused
from analysis_operator.callbacks.step_functions import StepFunctions
from tests.cluster.shell import wait_until
from tests.support.ports import free_port

pytestmark = pytest.mark.integration

MACHINE = {
    "StartAt": "Analyse",
    "States": {
        "Analyse": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"MessageBody": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 60,
            "Catch": [{"ErrorEquals": ["CorruptMedia"], "Next": "Corrupt"}],
            "End": True,
        },
        "Corrupt": {"Type": "Pass", "Result": {"caught": True}, "End": True},
    },
}


class Moto:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.sqs: Any = boto3.client("sqs", endpoint_url=self.url)
        self.states: Any = boto3.client("stepfunctions", endpoint_url=self.url)

    def ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=2).close()  # noqa: S310
        except OSError:
            return False
        return True

    def prepare(self) -> None:
        body = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/config", body, method="POST")).close()  # noqa: S310
        self.queue = self.sqs.create_queue(QueueName="work")["QueueUrl"]
        MACHINE["States"]["Analyse"]["Parameters"]["QueueUrl"] = self.queue  # type: ignore[index]
        role = "arn:aws:iam::123456789012:role/machine"
        machine = self.states.create_state_machine(name="machine", roleArn=role, definition=json.dumps(MACHINE))
        self.machine = machine["stateMachineArn"]

    def start(self, name: str) -> tuple[str, str]:
        """Start an execution, and return it with the token that it waits for."""
        started = self.states.start_execution(stateMachineArn=self.machine, name=name, input="{}")
        messages: list[dict[str, str]] = []

        def received() -> bool:
            messages.extend(self.sqs.receive_message(QueueUrl=self.queue).get("Messages", []))
            return bool(messages)

        wait_until(received, "the execution to wait")
        return started["executionArn"], json.loads(messages[0]["Body"])["token"]

    def end(self, execution: str) -> tuple[str, Any]:
        """Wait for the end of an execution, and return its status and output."""
        wait_until(lambda: self._status(execution)["status"] != "RUNNING", "the execution to end")
        description = self._status(execution)
        return description["status"], json.loads(description.get("output", "null"))

    def _status(self, execution: str) -> dict[str, Any]:
        description: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return description


@pytest.fixture
def moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moto]:
    port = free_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MOTO_PORT": str(port),  # its state machines call its other services there
        "AWS_ENDPOINT_URL_SFN": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "moto.log").open("wb") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
    try:
        server = Moto(port)
        wait_until(server.ready, "moto to answer")
        server.prepare()
        yield server
    finally:
        process.kill()
        process.wait()


async def test_an_execution_goes_on_with_the_answer(moto: Moto) -> None:
    machines = StepFunctions()
    execution, token = moto.start("succeeds")
    output = {"verdict": "Suspicious", "score": 85}
    assert await machines.answer(token, Answer(succeeded=True, output=json.dumps(output))) == AnswerDelivered()
    assert moto.end(execution) == ("SUCCEEDED", output)
    again = await machines.answer(token, Answer(succeeded=True, output="{}"))
    assert isinstance(again, AnswerRefused)
    assert again.no_task_waits

    execution, token = moto.start("fails")
    failure = Answer(succeeded=False, error="CorruptMedia", cause="It cannot be decoded.")
    assert await machines.answer(token, failure) == AnswerDelivered()
    assert moto.end(execution) == ("SUCCEEDED", {"caught": True})
