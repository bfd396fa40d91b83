"""A dispatcher whose analyzers answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

from analysis_operator.api import AnalysisRequest
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.limits import Limits
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import AnalysisJob, Failure, Progress, Result
from tests.support.operator.requests import request, result
from tests.support.waiting import PATIENCE_SECONDS


class Analyzers:
    """The Runner port: each pod answers as told, and notes what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str]] = []
        self.cancelled: list[tuple[str, str]] = []
        self.addresses: list[str] = []
        self.answers: dict[str, list[Exception]] = {}
        self.release = asyncio.Event()
        self.begin = asyncio.Event()
        self.begin.set()

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        uid = job.id.split(".")[0]
        self.given.append((endpoint.pod, uid))
        self.addresses.append(endpoint.address)
        if refusals := self.answers.get(endpoint.pod):
            raise refusals.pop(0)
        await self.begin.wait()
        yield Progress(stage="decode", fraction=0.5)
        await self.release.wait()
        yield result()

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        self.cancelled.append((endpoint.pod, job.id.split(".")[0]))


class Scene:
    """A dispatcher with one pool of these pods."""

    def __init__(self, pods: int = 1, concurrency: int = 1, limits: Limits | None = None) -> None:
        self.analyzers = Analyzers()
        self.changed: asyncio.Queue[str] = asyncio.Queue()
        self.dispatcher = Dispatcher(self.analyzers, lambda: datetime.now(UTC), limits)
        self.dispatcher.run_changed.connect(lambda uid, _waits: self.changed.put_nowait(uid))
        self.dispatcher.set_pool("audio", concurrency)
        self.dispatcher.set_endpoints("audio", [Endpoint(f"pod-{n}", f"10.0.0.{n}:8000") for n in range(pods)])

    def enqueue(self, *uids: str, resume_on: str | None = None, priority: int = 0) -> None:
        for uid in uids:
            asked = request(priority=priority)
            named = asked.metadata.model_copy(update={"uid": uid})
            asked = AnalysisRequest(metadata=named, spec=asked.spec)
            self.dispatcher.enqueue(asked, "audio", None, None, resume_on=resume_on)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await self.changed.get()
