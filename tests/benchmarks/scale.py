"""The operator's core under a flood: ``python -m tests.benchmarks.scale``.

100,000 requests of 50 namespaces, half of them of one, against 1,000 simulated slots. Decisions, queue, dispatch and
statuses are the operator's own, in this process; in place of the API server there is a store that keeps each object as
JSON, and a pod is a timer. So it shows what the core can do, and not what etcd, the watch and HTTP add.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any

import psutil

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.callbacks.step_functions import StepFunctions
from analysis_operator.records.sink import NoSink
from analysis_operator.report.ports import Report
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.ports import Endpoint, Named
from analyzer_contract import AnalysisJob, Outcome, Progress, Result, SourceFacts, Verdict
from tests.benchmarks.memory import MEGABYTE

ANALYZER = "simulated"
FLOOD = "flood"
_CONCURRENCY = 10
_SEED = 7
_SOURCE = SourceFacts(etag="0123456789abcdef0123456789abcdef", size_bytes=1_000_000)


class Store:
    """The Requests port over JSON texts, with a watch; what comes back is parsed, as what an API server sends."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._version = 0
        self.observe: Callable[[AnalysisRequest], None] = lambda _: None
        self.finished: list[tuple[float, str]] = []
        self.writes = 0

    def create(self, namespace: str, number: int) -> None:
        """Make a request that nobody has begun."""
        self._version += 1
        uid = f"{namespace}-{number}"
        meta = {
            "name": f"r-{number}",
            "namespace": namespace,
            "uid": uid,
            "resourceVersion": str(self._version),
            "generation": 1,
            "creationTimestamp": datetime.now(UTC).isoformat(),
        }
        spec = {"source": {"uri": f"s3://media/{namespace}/{number:07d}.wav"}, "analyzers": [ANALYZER]}
        self._texts[uid] = json.dumps({"metadata": meta, "spec": spec})

    def deliver_all(self) -> None:
        """Deliver every request, as a watch does that begins."""
        for text in self._texts.values():
            self.observe(AnalysisRequest.model_validate_json(text))

    async def get(self, which: Named) -> AnalysisRequest:
        """Read it again."""
        return AnalysisRequest.model_validate_json(self._texts[which.uid])

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status, and deliver the change."""
        self._version += 1
        self.writes += 1
        meta = request.metadata.model_copy(update={"resource_version": str(self._version)})
        written = request.model_copy(update={"metadata": meta, "status": status})
        self._texts[meta.uid] = written.model_dump_json(by_alias=True, exclude_none=True)
        if status.finished and not request.status.finished:
            self.finished.append((time.monotonic(), meta.namespace))
        asyncio.get_running_loop().call_soon(lambda: self.observe(written))
        return written

    async def delete(self, which: Named) -> None:
        """Nothing is deleted within the time that this takes."""

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Nobody listens."""


class Timers:
    """The Runner port: an analysis is a time that passes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def run(self, _endpoint: Endpoint, _job: AnalysisJob) -> AsyncGenerator[Progress | Outcome]:
        """Wait, and answer."""
        await asyncio.sleep(self._seconds)
        yield Result(verdict=Verdict.NO_EVIDENCE, score=3, source=_SOURCE, seconds=self._seconds)

    async def cancel(self, _endpoint: Endpoint, _job: AnalysisJob) -> None:
        """Nothing is to be stopped."""


class NoReports:
    """The ReportWriter port, without results to read."""

    async def write(self, *_: object) -> Report:
        """Write nothing."""
        return Report()


def arrivals(requests: int, namespaces: int) -> list[str]:
    """Return whose requests come, in their order: half of them is of one namespace, the others have equal shares."""
    others = [f"team-{number:02d}" for number in range(namespaces - 1)]
    each = requests // 2 // len(others)
    order = [name for name in others for _ in range(each)] + [FLOOD] * (requests - each * len(others))
    random.Random(_SEED).shuffle(order)
    return order


def fairness(counts: Counter[str], names: list[str]) -> float:
    """Return Jain's index of what namespaces got: 1 if all got the same, 1/n if one got everything."""
    got = [counts[name] for name in names]
    return sum(got) ** 2 / (len(got) * sum(value * value for value in got))


async def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Make the requests, start the core, and return what was seen."""
    store, order = Store(), arrivals(asked.requests, asked.namespaces)
    for number, namespace in enumerate(order):
        store.create(namespace, number)
    process, dispatcher = psutil.Process(), Dispatcher(Timers(asked.seconds), lambda: datetime.now(UTC))
    controller = RequestController(
        store,
        dispatcher,
        CallbackSender(StepFunctions(), SpecTokens(), lambda: datetime.now(UTC)),
        reports=NoReports(),
        sink=NoSink(),
        policy=Policy(grants={"*": ("s3://media",)}),
        clock=lambda: datetime.now(UTC),
    )
    store.observe = controller.view.observe
    dispatcher.set_pool(ANALYZER, _CONCURRENCY)
    pods = asked.slots // _CONCURRENCY
    dispatcher.set_endpoints(ANALYZER, [Endpoint(f"pod-{n}", f"10.0.{n // 250}.{n % 250}:8000") for n in range(pods)])
    before = most = process.memory_info().rss
    began, cpu = time.monotonic(), process.cpu_times()
    store.deliver_all()
    delivered = time.monotonic()
    running = asyncio.create_task(controller.run())
    while len(store.finished) < asked.requests:
        await asyncio.sleep(0.5)
        most = max(most, process.memory_info().rss)
        if running.done():
            running.result()
    spent = process.cpu_times()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return figures(store.finished, order, delivered) | {
        "read_seconds": round(delivered - began, 1),
        "cpu_ms_per_request": round((spent.user + spent.system - cpu.user - cpu.system) / asked.requests * 1000, 2),
        "status_writes_per_request": round(store.writes / asked.requests, 2),
        "memory_mb": round((most - before) / MEGABYTE),
    }


def figures(finished: list[tuple[float, str]], order: list[str], began: float) -> dict[str, Any]:
    """Return rate and fairness: when requests finished and whose they were, of those that came in this order."""
    times = [at for at, _ in finished]
    ends = {name: max(at for at, whose in finished if whose == name) for name in set(order)}
    others = sorted(set(order) - {FLOOD})
    # While everybody still waits: up to when the first namespace has nothing left.
    counts = Counter(whose for at, whose in finished if at < min(ends.values()))
    return {
        "first_verdict_seconds": round(min(times) - began, 2),
        "seconds": round(max(times) - began, 1),
        "per_second": round(len(times) / (max(times) - began), 1),
        "fairness_while_all_wait": round(fairness(counts, [*others, FLOOD]), 3),
        "others_done_seconds": round(max(ends[name] for name in others) - began, 1),
        "flood_done_seconds": round(ends[FLOOD] - began, 1),
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--namespaces", type=int, default=50)
    parser.add_argument("--slots", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one analysis")
    asked = parser.parse_args()
    print(json.dumps(vars(asked) | asyncio.run(measure(asked)), indent=2))


if __name__ == "__main__":
    main()
