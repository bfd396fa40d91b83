"""Operators that adopt earlier results, over a bucket in memory and an analyzer that looks at its objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis_operator.api import API_VERSION, AnalysisRequest
from analysis_operator.cache.store import VerdictCache
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.records.sink import NoSink
from analysis_operator.report.ports import Report
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import (
    AnalysisJob,
    Failure,
    FailureKind,
    FailureReason,
    Outcome,
    Progress,
    SourceFacts,
    Unchanged,
)
from analyzer_kit.fingerprint import unchanged
from tests.support.operator.cached import FINGERPRINT, MAX_AGE, RESULTS, Bucket, report, said
from tests.support.operator.machines import Machines
from tests.support.operator.requests import EVERYTHING, failure
from tests.support.waiting import PATIENCE_SECONDS, until

SHA256 = "c" * 64


class Analyzers:
    """The Runner port: an analyzer that looks at the object, and analyses it unless it is the one that is known."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.etag, self.fingerprint = "e1", FINGERPRINT
        self.asked: list[str] = []
        self.analysed: list[str] = []
        self.failures: list[Failure] = []
        self.states_fingerprint = True
        self.contents: dict[str, str] = {}
        """The SHA-256 of each object that has one of its own; an analyzer of before knows of none."""
        self.at_once = 0
        self.permits = asyncio.Semaphore(1000)

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Outcome]:
        sha256 = self.contents.get(job.source.uri)
        facts = SourceFacts(etag=job.source.uri if sha256 else self.etag, size_bytes=1000)
        self.asked.append(job.id)
        yield Progress(stage="download", fraction=0, source=facts)
        if sha256 and job.source.sha256:
            if sha256 != job.source.sha256:
                yield failure(FailureKind.SOURCE, FailureReason.SOURCE_MISMATCH)
                return
            facts = facts.model_copy(update={"sha256": sha256})
        if unchanged(job, facts, self.fingerprint):
            yield Unchanged(source=facts, fingerprint=self.fingerprint)
            return
        self.at_once += 1
        await self.permits.acquire()
        self.at_once -= 1
        self.analysed.append(job.id)
        if self.failures:
            yield self.failures.pop(0)
            return
        uri = f"{job.result_prefix}audio.json"
        content = self.bucket.objects[uri] = report(job.id.split(".")[0], source=facts)
        fingerprint = self.fingerprint if self.states_fingerprint else None
        yield said(content, uri, source=facts, fingerprint=fingerprint)

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Nothing is left."""


class NoReports:
    async def write(self, *_: object) -> Report:
        return Report()


class Scene:
    """An operator after the other over the same requests and the same bucket."""

    def __init__(self, *, cache: bool = True) -> None:
        self.bucket = Bucket()
        self.analyzers = Analyzers(self.bucket)
        self.later = timedelta(0)
        self.api = MemoryRequests(self.clock)
        self._running: list[asyncio.Task[None]] = []
        self.start(cache=cache)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.later

    def start(self, *, cache: bool = True) -> None:
        """Start an operator that knows nothing yet."""
        self.dispatcher = Dispatcher(self.analyzers, self.clock)
        self.controller = RequestController(
            self.api,
            self.dispatcher,
            CallbackSender(Machines(), SpecTokens(), self.clock),
            reports=NoReports(),
            sink=NoSink(),
            policy=Policy(grants=EVERYTHING, results_uri=RESULTS, retry_base_seconds=0.01),
            clock=self.clock,
            cache=VerdictCache(RESULTS, MAX_AGE, self.clock, self.bucket) if cache else None,
        )
        self.dispatcher.set_pool("audio", 4)
        self.dispatcher.set_endpoints("audio", [Endpoint("pod-0", "10.0.0.1:8000")])
        self.api.watch(self.controller.view.observe, self.controller.on_deleted)
        self._running.append(asyncio.create_task(self.controller.run()))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def apply(self, *names: str, namespace: str = "default", **spec: Any) -> None:
        for name in names:
            self.api.apply(
                {
                    "apiVersion": API_VERSION,
                    "kind": "AnalysisRequest",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {"source": {"uri": "s3://media/call.wav"}, "analyzers": ["audio"], **spec},
                }
            )

    async def ends(self, *names: str, namespace: str = "default") -> list[bool]:
        """Wait for the ends of these; return of each whether its result was adopted."""

        def found() -> list[AnalysisRequest]:
            every = [self.api.find(namespace, name) for name in names]
            return [each for each in every if each is not None and each.status.finished]

        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(found()) == len(names))
        return [each.status.analyses[0].cached for each in found()]

    async def one(self, name: str, **spec: Any) -> bool:
        self.apply(name, **spec)
        return (await self.ends(name))[0]


def model(scene: Scene) -> None:
    """Have the analyzer use another model from now on."""
    scene.analyzers.fingerprint = "0" * 64
