"""Batches over an API server, a list and results in memory, with an operator that can be killed at every call."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from analysis_operator.api import (
    BATCH_LABEL,
    AnalysisBatch,
    AnalysisRequest,
    BatchSource,
    BatchStatus,
    Metadata,
    Position,
)
from analysis_operator.batches.actions import Notify
from analysis_operator.batches.child import Child, read_child
from analysis_operator.batches.controller import BatchController
from analysis_operator.batches.ports import SourceTrouble
from analysis_operator.batches.rows import Page, Row
from analysis_operator.errors import Conflict, Gone, OperatorError, Rejected
from analysis_operator.kube.objects import KubeObject
from analysis_operator.requests.limits import Limits
from analysis_operator.requests.observation import Policy
from tests.support.waiting import until as waited

PAGE = 3
POLICY = Policy(grants={"*": ("s3://media/calls/",)}, limits=Limits(), results_uri="s3://results")
SETTLED = {"type": "Finished", "status": "True", "reason": "Completed", "lastTransitionTime": "2026-11-01T12:00:00Z"}


def batch(status: dict[str, Any] | None = None, *, generation: int = 1, **spec: Any) -> AnalysisBatch:
    """Return a batch as the API server would."""
    return AnalysisBatch.model_validate(
        {
            "metadata": {
                "name": "november",
                "namespace": "default",
                "uid": "batch-1",
                "resourceVersion": "1",
                "generation": generation,
                "creationTimestamp": datetime.now(UTC).isoformat(),
            },
            "spec": {"source": {"prefix": "s3://media/calls/"}, "analyzers": ["audio"], **spec},
            "status": status or {},
        }
    )


def ended(verdict: str | None = "NoEvidence", reason: str = "Completed") -> dict[str, Any]:
    """Return the status of a request that has finished."""
    succeeded = SETTLED | {"type": "Succeeded", "status": "True" if verdict else "False", "reason": reason}
    analysis = {"name": "audio", "state": "Succeeded", "verdict": verdict, "score": 3 if verdict else None}
    return {
        "verdict": verdict,
        "score": 3 if verdict else None,
        "reportURI": "s3://results/report.html",
        "analyses": [analysis],
        "conditions": [SETTLED, succeeded],
    }


class Cluster:
    """The ports of batches, in memory; what is in it outlives every operator.

    Args:
        asked: the batch.
        keys: under ``calls/``.
    """

    def __init__(self, asked: AnalysisBatch, keys: list[str]) -> None:
        self.batch: AnalysisBatch | None = asked
        self.keys = keys
        self.rows: list[Row] = []
        self.requests: dict[str, KubeObject] = {}
        self.parts: dict[str, list[dict[str, Any]]] = {}
        self.made: Counter[str] = Counter()
        self.events: list[Notify] = []
        self.ends: Callable[[str], dict[str, Any] | None] = lambda _: ended()
        self.source_trouble: SourceTrouble | None = None
        self.make_trouble: OperatorError | None = None
        self.quota = 1000
        self.most_unfinished = 0
        self.calls = 0
        self.dies_at = 0
        self.dead = asyncio.Event()
        self._version = 10
        self.controller: BatchController | None = None

    # ---- an operator

    async def run(self, policy: Policy = POLICY, until: Callable[[], bool] | None = None) -> bool:
        """Run one operator until the batch has ended, or the operator dies; return whether it lived."""
        done = until or (lambda: self.batch is not None and self.batch.status.finished)
        self.dead.clear()
        self.controller = BatchController(self, self, self, policy=policy, clock=lambda: datetime.now(UTC))
        running = asyncio.create_task(self.controller.run())
        for name in list(self.requests):
            self._work_on(name)
        if self.batch is not None:
            self.controller.observe(self.batch)
        try:
            await waited(lambda: self.dead.is_set() or done(), "the batch to end")
            return not self.dead.is_set()
        finally:
            self.dead.set()  # nothing that it still does takes effect
            running.cancel()
            await asyncio.wait([running])
            self.controller = None

    def change(self, **spec: Any) -> None:
        """Edit the batch as a user does."""
        assert self.batch is not None
        asked = self.batch.spec.model_copy(update=spec)
        meta = self.batch.metadata
        changed = meta.model_copy(update={"generation": meta.generation + 1, "resource_version": self._next()})
        self.batch = self.batch.model_copy(update={"spec": asked, "metadata": changed})
        if self.controller is not None:
            self.controller.observe(self.batch)

    def lines(self) -> list[dict[str, Any]]:
        """Return every line of the results, part by part."""
        return [line for name in sorted(self.parts) for line in self.parts[name]]

    async def _call(self) -> None:
        """Let the operator die before, or after, what a call does."""
        self.calls += 1
        if self.calls == self.dies_at:
            self.dead.set()
        if self.dead.is_set():
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    def _next(self) -> str:
        self._version += 1
        return str(self._version)

    def _work_on(self, name: str) -> None:
        """Let the request come to its end soon, if an operator is there for it."""

        def end() -> None:
            raw = self.requests.get(name)
            if raw is None or self.dead.is_set() or "status" in raw:
                return
            status = self.ends(raw["spec"]["source"]["uri"])
            if status is None:
                return
            raw["status"] = status
            raw["metadata"]["resourceVersion"] = self._next()
            if self.controller is not None:
                self.controller.offer(AnalysisRequest.model_validate(raw))

        asyncio.get_running_loop().call_later(0.001, end)

    # ---- Batches

    async def get(self, which: AnalysisBatch) -> AnalysisBatch:
        await self._call()
        if self.batch is None:
            raise Gone("gone")
        return self.batch

    async def write_status(self, which: AnalysisBatch, status: BatchStatus) -> AnalysisBatch:
        await self._call()
        if self.batch is None:
            raise Gone("gone")
        if which.metadata.resource_version != self.batch.metadata.resource_version:
            raise Conflict("changed")
        wire = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert len(json.dumps(wire)) <= 4096
        meta = self.batch.metadata.model_copy(update={"resource_version": self._next()})
        self.batch = self.batch.model_copy(update={"status": BatchStatus.model_validate(wire), "metadata": meta})
        await self._call()
        return self.batch

    async def delete(self, which: AnalysisBatch) -> None:
        await self._call()
        self.batch = None

    async def children(self, which: AnalysisBatch) -> AsyncIterator[Child]:
        await self._call()
        for raw in list(self.requests.values()):
            if raw["metadata"]["labels"][BATCH_LABEL] == which.metadata.uid:
                yield read_child(raw)

    async def make(self, request: KubeObject) -> Child:
        await self._call()
        if self.make_trouble is not None:
            raise self.make_trouble
        name = request["metadata"]["name"]
        if name in self.requests:
            raise Conflict(name)
        if len(self.requests) >= self.quota:
            raise Rejected("exceeded quota")
        self.made[request["spec"]["source"]["uri"]] += 1
        meta = request["metadata"] | {"uid": f"uid-{name}", "resourceVersion": self._next()}
        self.requests[name] = request | {"metadata": meta}
        unfinished = sum("status" not in raw for raw in self.requests.values())
        self.most_unfinished = max(self.most_unfinished, unfinished)
        self._work_on(name)
        await self._call()
        return read_child(self.requests[name])

    async def child(self, namespace: str, name: str) -> Child:
        await self._call()
        return read_child(self.requests[name])

    async def remove(self, request: Metadata) -> None:
        await self._call()
        if self.requests.pop(request.name, None) is not None and self.controller is not None:
            self.controller.deleted(request.uid)
        await self._call()

    async def notify(self, which: AnalysisBatch, event: Notify) -> None:
        self.events.append(event)

    # ---- Sources

    async def read(self, source: BatchSource, start: Position, most: int = PAGE) -> Page:
        await self._call()
        if self.source_trouble is not None:
            raise self.source_trouble
        if source.manifest:
            begin = start.line or 0
            rows = tuple(self.rows[begin : begin + PAGE])
            end = Position(line=begin + len(rows), byte=begin + len(rows), etag="e1")
            return Page(rows, end, begin + PAGE >= len(self.rows))
        keys = sorted(key for key in self.keys if start.after_key is None or key > start.after_key)
        found = keys[:PAGE]
        end = Position(after_key=found[-1] if found else start.after_key)
        return Page(tuple(Row(f"s3://media/{key}") for key in found), end, len(keys) <= PAGE)

    async def count(self, source: BatchSource, start: Position) -> int:
        await self._call()
        return len([key for key in self.keys if start.after_key is None or key > start.after_key])

    # ---- Results

    async def write(self, uri: str, lines: bytes) -> None:
        await self._call()
        self.parts[uri] = [json.loads(line) for line in lines.splitlines()]
        await self._call()
