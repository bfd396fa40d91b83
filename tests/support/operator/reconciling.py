"""The controller of requests over requests in memory, with writes that fail as told and scripted analyzers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis_operator.api import API_VERSION, AnalysisRequest, RequestStatus
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.errors import ApiUnavailable
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests import view
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.ports import Endpoint, Named
from analyzer_contract import AnalysisJob, Failure, Progress, Result
from tests.support.operator.machines import Machines
from tests.support.operator.requests import EVERYTHING, result
from tests.support.waiting import until


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
    """A controller with one pool of one pod, unless it is given others."""

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


@asynccontextmanager
async def hurried(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Run a controller that writes almost at once."""
    monkeypatch.setattr(view, "SETTLE_SECONDS", 0.01)
    monkeypatch.setattr(view, "PROGRESS_SECONDS", 0.02)
    made = Scene()
    running = asyncio.create_task(made.controller.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
