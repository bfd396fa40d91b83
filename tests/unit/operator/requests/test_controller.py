"""The reconcile path over requests in memory, with writes that fail as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from analysis_operator.api import API_VERSION, AnalysisRequest, Condition, ConditionType, RequestStatus
from analysis_operator.callbacks import sender
from analysis_operator.callbacks.delivery import AnswerFailed, AnswerRefused, Reply
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.errors import ApiUnavailable, Conflict, Gone
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.report.ports import Report
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests import view
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.ports import Endpoint, Named
from analyzer_contract import AnalysisJob, Failure, FailureKind, FailureReason, Progress, Result
from tests.support.operator.machines import Machines
from tests.support.operator.requests import EVERYTHING, failure, result
from tests.support.waiting import until

BROKEN = failure(FailureKind.INTERNAL, FailureReason.INTERNAL_ERROR)


class Api(MemoryRequests):
    """Writes fail as told; ``unanswered`` ones take effect, and the answer is lost."""

    def __init__(self) -> None:
        super().__init__(lambda: datetime.now(UTC))
        self.writes = 0
        self.refusals: list[Exception] = []
        self.unanswered: Callable[[RequestStatus], bool] = lambda _: False
        self.reads: list[Exception] = []

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        self.writes += 1
        await asyncio.sleep(0)
        if self.refusals:
            raise self.refusals[0] if len(self.refusals) == 1 else self.refusals.pop(0)
        written = await super().write_status(request, status)
        if self.unanswered(status):
            self.unanswered = lambda _: False
            raise ApiUnavailable("no answer")
        return written

    async def get(self, which: Named) -> AnalysisRequest:
        await asyncio.sleep(0)
        if self.reads:
            raise self.reads[0]
        return await super().get(which)


class Analyzers:
    """The Runner port: gives the scripted answers, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Result | Failure] = [result()]
        self.started = 0

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        self.started += 1
        await asyncio.sleep(0)
        yield self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Nothing to stop."""


class Kept:
    """The Sink port: keeps every offer."""

    def __init__(self) -> None:
        self.offers: list[AnalysisRequest] = []
        self.gone: list[str] = []

    def offer(self, request: AnalysisRequest) -> None:
        self.offers.append(request)

    def deleted(self, uid: str) -> None:
        self.gone.append(uid)


class Scene:
    def __init__(self, intake: Intake | None = None) -> None:
        self.api = Api()
        self.analyzers = Analyzers()
        self.machines = Machines()
        self.sink = Kept()
        self.later = timedelta(0)
        clock = lambda: datetime.now(UTC) + self.later  # noqa: E731
        self.dispatcher = Dispatcher(self.analyzers, clock)
        self.controller = RequestController(
            self.api,
            self.dispatcher,
            CallbackSender(self.machines, SpecTokens(), clock),
            reports=S3ReportWriter(),
            sink=self.sink,
            policy=Policy(grants=EVERYTHING, retry_base_seconds=0.01),
            clock=clock,
            intake=intake,
        )
        self.pods(1)
        self.api.watch(self.controller.view.observe, self.controller.on_deleted)

    def pods(self, count: int) -> None:
        self.dispatcher.set_pool("audio", 1)
        self.dispatcher.set_endpoints("audio", [Endpoint(f"pod-{n}", f"10.0.0.{n}:8000") for n in range(count)])

    def apply(self, name: str = "call", namespace: str = "default", **spec: Any) -> AnalysisRequest:
        source = {"uri": "s3://media/call.wav"}
        return self.api.apply(
            {
                "apiVersion": API_VERSION,
                "kind": "AnalysisRequest",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"source": source, "analyzers": ["audio"], **spec},
            }
        )

    def status(self) -> RequestStatus:
        return self.api.list()[0].status

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(view, "SETTLE_SECONDS", 0.01)
    monkeypatch.setattr(view, "PROGRESS_SECONDS", 0.02)
    made = Scene()
    running = asyncio.create_task(made.controller.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_an_attempt_is_counted_once_when_the_answer_to_its_write_is_lost(scene: Scene) -> None:
    scene.analyzers.answers = [BROKEN, result()]
    scene.api.unanswered = lambda status: status.analyses[0].attempts == 1
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    assert scene.analyzers.started == 2
    assert scene.status().analyses[0].attempts == 2


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


async def test_a_request_that_gave_way_to_a_namesake_is_not_written_over_and_over(scene: Scene) -> None:
    scene.api.refusals, scene.api.reads = [Conflict("another UID")], [Gone("replaced by a namesake")]
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    await asyncio.sleep(0.2)
    assert scene.api.writes == 1
    assert scene.controller.view.resource_versions() == {}


async def test_one_answer_that_a_request_is_gone_is_not_believed(scene: Scene) -> None:
    scene.api.refusals = [Gone("a proxy's 404")]
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    scene.api.refusals = []
    await scene.until(lambda: scene.status().finished)
    assert scene.sink.gone == []


@pytest.mark.parametrize("reads", [[], [ApiUnavailable("ill")]], ids=["nothing new", "not read"])
async def test_a_conflict_that_stays_is_not_tried_without_a_pause(scene: Scene, reads: list[Exception]) -> None:
    scene.api.refusals, scene.api.reads = [Conflict("always")], reads
    scene.apply()
    await scene.until(lambda: scene.api.writes)
    await asyncio.sleep(0.2)
    assert scene.api.writes < 5
    scene.api.refusals, scene.api.reads = [], []
    await scene.until(lambda: scene.status().finished)


async def test_what_waits_for_a_slot_when_it_is_cancelled_waits_no_longer(scene: Scene) -> None:
    scene.pods(0)
    scene.apply()
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    scene.apply(cancel=True)
    await scene.until(lambda: scene.status().finished)
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (0, 0))
    scene.pods(1)
    await asyncio.sleep(0.05)
    assert scene.analyzers.started == 0


async def test_a_finished_request_whose_priority_is_edited_is_counted_once(scene: Scene) -> None:
    def counted() -> float:
        labels = {"verdict": "NoEvidence", "reason": "Completed"}
        return REGISTRY.get_sample_value("silver_guardian_requests_finished_total", labels) or 0

    before = counted()
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    verdict = scene.status().model_copy(update={"conditions": [], "observed_generation": None})
    scene.apply(priority=5)
    await scene.until(lambda: scene.status().observed_generation == 2)
    await asyncio.sleep(0.05)
    assert counted() == before + 1
    assert scene.status().model_copy(update={"conditions": [], "observed_generation": None}) == verdict


async def test_edits_after_the_end_take_nothing_from_the_status(scene: Scene) -> None:
    scene.apply()
    await scene.until(lambda: scene.status().finished)
    (before,) = scene.status().analyses
    scene.apply(priority=5)
    await scene.until(lambda: scene.status().observed_generation == 2)
    scene.apply(priority=7)
    await scene.until(lambda: scene.status().observed_generation == 3)
    assert scene.status().analyses == [before]


async def test_a_time_to_live_of_zero_and_of_ten_years(scene: Scene) -> None:
    scene.apply("short", ttlSecondsAfterFinished=0)
    scene.apply("long", ttlSecondsAfterFinished=315_360_000)
    await scene.until(lambda: [found.status.finished for found in scene.api.list()] == [True])
    assert [found.metadata.name for found in scene.api.list()] == ["long"]


async def test_a_deletion_that_fails_is_no_defect_of_the_operator(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def refused(_: object) -> None:
        nonlocal asked
        asked += 1
        raise ApiUnavailable("503")

    before = REGISTRY.get_sample_value("silver_guardian_reconcile_errors_total")
    monkeypatch.setattr(scene.api, "delete", refused)
    with capture_logs() as logs:
        scene.apply(ttlSecondsAfterFinished=0)
        await scene.until(lambda: asked and [line for line in logs if "503" in str(line.get("error"))])
    assert {line["log_level"] for line in logs} == {"warning"}
    assert REGISTRY.get_sample_value("silver_guardian_reconcile_errors_total") == before


WAITED: dict[str, Any] = {"callback": {"taskToken": "token-1"}}
LOST = AnswerFailed("ReadTimeoutError", "No answer.", may_have_arrived=True)
USED = AnswerRefused("TaskTimedOut", "No task waits.")


def callback_of(scene: Scene) -> tuple[str, str]:
    found = scene.status().condition(ConditionType.CALLBACK_DELIVERED)
    assert found is not None
    return found.status, found.reason


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


async def test_of_a_request_that_is_through_little_is_kept(scene: Scene) -> None:
    scene.apply()
    await scene.until(lambda: len(scene.controller.view.closed) == 1)
    (stored,) = scene.api.list()
    uid, version = stored.metadata.uid, int(stored.metadata.resource_version)
    kept = scene.controller.view.closed.get(uid)
    assert uid not in scene.controller.view
    assert kept is not None
    assert (kept.name, kept.version, kept.expires_at) == ("call", version, stored.status.expires_at)
    scene.controller.view.observe(stored)
    scene.controller.view.on_left(uid, version)
    await asyncio.sleep(0.1)
    assert uid not in scene.controller.view, "what the watches deliver late changes nothing"


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "through, and the answer to that write was lost"])
async def test_a_request_that_the_watch_stops_delivering_is_read(scene: Scene, gone: bool) -> None:
    scene.pods(0)
    asked = scene.apply()
    uid = asked.metadata.uid
    await scene.until(lambda: scene.dispatcher.backlog("audio") == (1, 0))
    if gone:
        scene.api._requests.clear()
    else:
        scene.api._version, scene.api._watchers = 999, []
        stored, now = scene.api.list()[0], datetime.now(UTC)
        end = Condition(type=ConditionType.FINISHED, status="True", reason="Cancelled", last_transition_time=now)
        done = {
            "conditions": [end],
            "observed_generation": 1,
            "finished_at": now,
            "expires_at": now + timedelta(days=1),
        }
        scene.api._store(stored, status=stored.status.model_copy(update=done))
    scene.controller.view.on_left(uid, 1000)
    await scene.until(lambda: uid not in scene.controller.view)
    assert scene.sink.gone == ([uid] if gone else [])
    assert (uid in scene.controller.view.closed) is not gone
    assert scene.dispatcher.backlog("audio") == (0, 0)


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


async def test_a_flood_of_one_namespace_waits_outside_and_another_is_served_at_once(scene: Scene) -> None:
    flooded = Scene(Intake(most=5, own=2))
    flooded.pods(0)
    running = asyncio.create_task(flooded.controller.run())
    for number in range(40):
        flooded.apply(f"flood-{number}", "flood")
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (5, 0))
    assert len(list(flooded.controller.view.unfinished())) == 5
    assert len(flooded.controller.view.resource_versions()) == 40, "what waits outside is known"
    flooded.apply("call", "family")
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (6, 0))
    await flooded.api.delete(flooded.api.list()[-1].metadata)
    flooded.apply("flood-39", "flood", cancel=True)
    await flooded.until(lambda: any(found.status.finished for found in flooded.api.list()))
    flooded.api.reads = [ApiUnavailable("ill")]
    flooded.pods(2)
    await flooded.until(lambda: flooded.dispatcher.backlog("audio") == (0, 0))
    flooded.api.reads = []
    flooded.controller.requeue_all()  # as the resync does now and then
    await flooded.until(lambda: all(found.status.finished for found in flooded.api.list()))
    first = min(flooded.api.list(), key=lambda found: (found.status.finished_at, found.metadata.namespace != "family"))
    assert first.metadata.namespace == "family" or first.spec.cancel
    running.cancel()


async def test_suspended_requests_hold_up_nobody_and_run_once_they_are_resumed() -> None:
    flooded = Scene(Intake(most=2, own=0))
    running = asyncio.create_task(flooded.controller.run())
    suspended = [f"held-{number}" for number in range(6)]
    for name in suspended:
        flooded.apply(name, suspend=True)

    def reasons() -> set[str]:
        conditions = [found.status.condition(ConditionType.SUCCEEDED) for found in flooded.api.list()]
        return {condition.reason for condition in conditions if condition}

    await flooded.until(lambda: reasons() == {"Suspended"})
    await flooded.until(lambda: not list(flooded.controller.view.unfinished()))
    assert len(flooded.controller.view.resource_versions()) == 6, "they are known"
    assert flooded.analyzers.started == 0
    flooded.apply("call")
    await flooded.until(lambda: any(found.status.finished for found in flooded.api.list()))
    for name in suspended:
        flooded.apply(name, suspend=False)
    await flooded.until(lambda: all(found.status.finished for found in flooded.api.list()))
    assert flooded.analyzers.started == 7
    running.cancel()


async def test_a_suspended_request_ends_at_its_deadline() -> None:
    scene = Scene()
    running = asyncio.create_task(scene.controller.run())
    scene.apply(suspend=True, deadlineSeconds=60)
    await scene.until(
        lambda: scene.controller.view.resource_versions() and not list(scene.controller.view.unfinished())
    )
    scene.later = timedelta(seconds=61)
    scene.controller.requeue_all()  # as the resync does now and then
    await scene.until(lambda: scene.status().finished)
    condition = scene.status().condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert condition.reason == "DeadlineExceeded"
    running.cancel()


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


async def test_every_state_goes_to_the_sink_whole_and_in_order(scene: Scene) -> None:
    asked = scene.apply()
    await scene.until(lambda: scene.status().finished)
    written = scene.api.list()[0]
    await scene.until(lambda: scene.sink.offers and scene.sink.offers[-1] == written)
    versions = [int(offer.metadata.resource_version) for offer in scene.sink.offers]
    assert versions == sorted(versions)
    scene.sink.offers.clear()
    await scene.controller.reoffer(asked.metadata.uid)
    assert scene.sink.offers == [written], "though less is kept of it in memory"
    await scene.api.delete(written.metadata)
    await scene.until(lambda: scene.sink.gone == [asked.metadata.uid])
    await scene.controller.reoffer(asked.metadata.uid)
