"""State machines that wait are answered by the reconcile path: once, again by cause, and of what was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from prometheus_client import REGISTRY

from analysis_operator.api import ConditionType, RequestStatus
from analysis_operator.callbacks import sender
from analysis_operator.callbacks.delivery import AnswerFailed, AnswerRefused, Reply
from analysis_operator.report.ports import Report
from analysis_operator.requests import view
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import AnalysisJob, Failure, Progress, Result
from tests.support.operator.reconciling import Scene, hurried
from tests.support.operator.requests import result

WAITED: dict[str, Any] = {"callback": {"taskToken": "token-1"}}
LOST = AnswerFailed("ReadTimeoutError", "No answer.", may_have_arrived=True)
USED = AnswerRefused("TaskTimedOut", "No task waits.")


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with hurried(monkeypatch) as made:
        yield made


def callback_of(scene: Scene) -> tuple[str, str]:
    found = scene.status().condition(ConditionType.CALLBACK_DELIVERED)
    assert found is not None
    return found.status, found.reason


@pytest.mark.parametrize("deaf", [True, False], ids=["the watch is silent", "the watch tells"])
async def test_an_end_is_told_once_when_the_answer_to_its_write_is_lost(scene: Scene, deaf: bool) -> None:
    def counted() -> float:
        labels = {"verdict": "NoEvidence", "reason": "Completed"}
        return REGISTRY.get_sample_value("silver_guardian_requests_finished_total", labels) or 0

    before = counted()
    scene.api.unanswered = lambda status: status.finished
    scene.apply(**WAITED)
    await scene.until(lambda: scene.sink.offers)
    if deaf:
        scene.api._watchers.clear()
    await scene.until(lambda: scene.status().finished and callback_of(scene) == ("True", "Delivered"))
    assert [event.reason for _, event in scene.api.events] == ["Completed"]
    assert counted() == before + 1
    assert len(scene.machines.told) == 1


async def test_a_request_with_a_page_and_a_callback_costs_three_writes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_: Endpoint, __: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        yield Progress(stage="decode", fraction=0.5)
        await asyncio.sleep(0.3)
        yield result(result_uri="s3://results/default/call/audio.json")

    async def write(*_: object) -> Report:
        return Report("s3://results/default/call/report.html")

    monkeypatch.setattr(view, "PROGRESS_SECONDS", 0.2)
    monkeypatch.setattr(scene.analyzers, "run", slow)
    policy = replace(scene.controller._policy, results_uri="s3://results")
    monkeypatch.setattr(scene.controller, "_policy", policy)
    monkeypatch.setattr(scene.controller._reports, "write", write)
    scene.apply(**WAITED)
    await scene.until(lambda: scene.status().finished and callback_of(scene)[0] == "True")
    assert scene.status().report_uri
    told = [offer.status.condition(ConditionType.SUCCEEDED) for offer in scene.sink.offers]
    reasons = [row.reason for row in told if row is not None]
    assert [reason for reason, _ in groupby(reasons) if reason != "Queued"] == ["Pending", "Running", "Completed"]
    assert reasons.count("Completed") == 2, "how it ended, and that the state machine knows"


async def test_a_callback_costs_one_more_write_and_is_made_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "SETTLE_SECONDS", 10)  # or a machine that is slow just then has "Running" written too
    scene.apply(**WAITED)
    await scene.until(lambda: scene.status().finished and callback_of(scene)[0] == "True")
    assert scene.api.writes == 2
    scene.apply(**WAITED, priority=5)
    await scene.until(lambda: scene.status().observed_generation == 2)
    assert [(token, answer.succeeded) for token, answer in scene.machines.told] == [("token-1", True)]


RETRIES: list[tuple[str, list[Reply], tuple[str, str]]] = [
    ("throttled, then taken", [AnswerFailed("ThrottlingException", "", may_have_arrived=False)], ("True", "Delivered")),
    ("the reply was lost, then it is used", [LOST, USED], ("True", "AlreadyAnswered")),
    ("replayed in a second request", [USED], ("False", "TaskTimedOut")),
]


@pytest.mark.parametrize(("replies", "condition"), [row[1:] for row in RETRIES], ids=[row[0] for row in RETRIES])
async def test_a_callback_is_tried_again_by_cause(
    scene: Scene, replies: list[Reply], condition: tuple[str, str]
) -> None:
    scene.machines.replies = list(replies)
    scene.apply(**WAITED)
    await scene.until(lambda: scene.status().finished and callback_of(scene)[0] != "Unknown")
    assert callback_of(scene) == condition
    warned = [event.reason for _, event in scene.api.events if event.reason == "CallbackNotDelivered"]
    assert warned == (["CallbackNotDelivered"] if condition[0] == "False" else [])


async def test_an_operator_that_starts_again_sends_what_the_last_one_did_not_record(scene: Scene) -> None:
    def ended(status: RequestStatus) -> bool:
        found = status.condition(ConditionType.CALLBACK_DELIVERED)
        return found is not None and found.status == "True"

    scene.api.unanswered = ended
    scene.apply(**WAITED)
    await scene.until(lambda: scene.status().finished and callback_of(scene)[0] == "True")
    before = scene.api.list()[0]
    pending = [row for row in before.status.conditions if row.type is not ConditionType.CALLBACK_DELIVERED]
    fresh = Scene()
    fresh.machines.replies = [USED]
    fresh.api._store(before, status=before.status.model_copy(update={"conditions": pending}))
    running = asyncio.create_task(fresh.controller.run())
    await fresh.until(lambda: fresh.machines.told)
    await fresh.until(lambda: ended(fresh.status()))
    assert callback_of(fresh) == ("True", "AlreadyAnswered")
    running.cancel()


@pytest.mark.parametrize("running", [True, False])
async def test_the_machine_of_a_deleted_request_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    monkeypatch.setattr(sender, "_PAUSES_FOR_DELETED", (0, 0.01, 0.01))
    scene.pods(0 if running else 1)
    scene.machines.replies = [LOST] * 1000
    scene.apply(**WAITED)
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (1, 0) if running else scene.machines.told)
    await scene.api.delete(scene.api.list()[0].metadata)
    await asyncio.sleep(0)  # the watch tells
    scene.machines.replies = [LOST]
    await scene.until(lambda: not scene.machines.replies)
    await scene.until(lambda: not scene.controller._callbacks._sends_for_deleted)
    answer = scene.machines.told[-1][1]
    assert (answer.succeeded, answer.error) == ((False, "Deleted") if running else (True, ""))


async def test_the_machine_of_a_request_that_waits_outside_is_told_of_its_deletion() -> None:
    flooded = Scene(Intake(most=1, own=1))
    flooded.pods(0)
    running = asyncio.create_task(flooded.controller.run())
    flooded.apply("a")
    waits = flooded.apply("b", **WAITED)
    await flooded.until(lambda: len(flooded.controller.view.resource_versions()) == 2)
    await flooded.api.delete(waits.metadata)
    await flooded.until(lambda: flooded.machines.told)
    assert flooded.machines.told[0][1].error == "Deleted"
    running.cancel()
