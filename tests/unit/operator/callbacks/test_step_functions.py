"""The adapter against a server that speaks Step Functions' protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from analysis_operator.callbacks.delivery import Answer, AnswerDelivered, AnswerFailed, AnswerRefused
from analysis_operator.callbacks.step_functions import StepFunctions
from tests.support.operator.machines import StepFunctionsServer
from tests.support.ports import free_port

TOKEN = "AQC+secret/token="
SUCCESS = Answer(succeeded=True, output=json.dumps({"verdict": "Suspicious"}))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctionsServer]:
    with StepFunctionsServer() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", made.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
        made.waiting.add(TOKEN)
        yield made


async def test_a_success_and_a_failure_arrive_as_they_were_given(server: StepFunctionsServer) -> None:
    machines = StepFunctions()
    server.waiting.add("other")
    assert await machines.answer(TOKEN, SUCCESS) == AnswerDelivered()
    failed = Answer(succeeded=False, error="CorruptMedia", cause="It cannot be decoded.")
    assert await machines.answer("other", failed) == AnswerDelivered()
    assert server.answers == [
        (TOKEN, {"action": "SendTaskSuccess", "output": SUCCESS.output}),
        ("other", {"action": "SendTaskFailure", "error": "CorruptMedia", "cause": "It cannot be decoded."}),
    ]


async def test_a_used_and_an_unknown_token_are_told_apart_and_never_shown(server: StepFunctionsServer) -> None:
    machines = StepFunctions()
    await machines.answer(TOKEN, SUCCESS)
    used, unknown = await machines.answer(TOKEN, SUCCESS), await machines.answer("nosuch-token", SUCCESS)
    assert isinstance(used, AnswerRefused)
    assert isinstance(unknown, AnswerRefused)
    assert (used.code, unknown.code) == ("TaskTimedOut", "InvalidToken")
    assert TOKEN not in repr(used)
    assert "nosuch-token" not in repr(unknown)
    assert len(server.of(TOKEN)) == 1


FAULTS = [
    ("ThrottlingException", False),
    ("AccessDeniedException", False),
    ("InternalFailure", True),
    ("lost", True),
    ("page", True),
]


@pytest.mark.parametrize(("fault", "may_have_arrived"), FAULTS)
async def test_what_may_pass_is_a_failure_that_knows_whether_the_answer_may_have_arrived(
    server: StepFunctionsServer, fault: str, may_have_arrived: bool
) -> None:
    server.faults = [fault]
    reply = await StepFunctions().answer(TOKEN, SUCCESS)
    assert isinstance(reply, AnswerFailed)
    assert reply.may_have_arrived == may_have_arrived
    assert server.calls == 1, "attempts are counted, so they are ours to make"
    assert len(server.of(TOKEN)) == (1 if fault == "lost" else 0)
    if fault == "AccessDeniedException":
        assert "states:SendTaskSuccess" in reply.message


async def test_a_call_that_is_not_taken_is_final_and_says_nothing_of_who_waits(server: StepFunctionsServer) -> None:
    server.faults = ["InvalidOutput"]
    reply = await StepFunctions().answer(TOKEN, SUCCESS)
    assert isinstance(reply, AnswerRefused)
    assert not reply.no_task_waits


async def test_no_server_is_a_failure_that_did_not_arrive(
    server: StepFunctionsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{free_port()}")
    reply = await StepFunctions().answer(TOKEN, SUCCESS)
    assert isinstance(reply, AnswerFailed)
    assert not reply.may_have_arrived
