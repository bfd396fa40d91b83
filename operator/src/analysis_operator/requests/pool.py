"""What the dispatcher keeps of one pool: its pods, and the analyses that wait, run, or have ended unrecorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from analysis_operator.api import AnalysisRequest, PinnedSource
from analysis_operator.requests.fair_queue import FairQueue, QueuedAnalysis
from analysis_operator.requests.observation import Outcome, PoolView, Run
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import AnalysisJob, Known, KnownContent, SourceObject

_REFUSALS = 10
"""So many attempts in a row that no pod took are no accident: what waits is told."""


@dataclass(slots=True)
class Pod:
    """A pod that takes work, and how much of it it has."""

    endpoint: Endpoint
    in_flight: int = 0
    rests_until: float = 0.0


@dataclass(slots=True)
class WorkerPool:
    """The pods of one Analyzer and their work, by the UIDs of requests."""

    queue: FairQueue
    concurrency: int = 1
    paused: bool = False
    problem: str = ""
    pods: dict[str, Pod] = field(default_factory=dict)
    away: dict[Endpoint, Pod] = field(default_factory=dict)
    """Pods that take no more work and have not ended what they have: they may come back."""
    jobs: dict[str, tuple[QueuedAnalysis, AnalysisJob]] = field(default_factory=dict)
    resumed: dict[str, str] = field(default_factory=dict)
    """Of analyses that go on: the pod that may still have each. They are not in the queue: the pod keeps their slot."""
    tasks: dict[str, asyncio.Task[Outcome | None]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    refusals: int = 0
    refusal: str = ""

    def view(self) -> PoolView:
        """Return it as decisions see it."""
        slots = len(self.pods) * self.concurrency
        return PoolView(slots, self.problem, self.concurrency, self.refusal, self.paused)

    def replace_pods(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace the pods that take work."""
        # By endpoint: a pod may come back under another address.
        known = self.away | {pod.endpoint: pod for pod in self.pods.values()}
        self.pods = {endpoint.pod: known.pop(endpoint, Pod(endpoint)) for endpoint in endpoints}
        self.away = {endpoint: pod for endpoint, pod in known.items() if pod.in_flight}

    def least_busy(self, now: float) -> Pod | None:
        """Return the pod that takes the next job at this time of the event loop, or None."""
        if self.paused:
            return None
        free = [pod for pod in self.pods.values() if pod.in_flight < self.concurrency and pod.rests_until <= now]
        return min(free, key=lambda pod: pod.in_flight, default=None)

    def take_resumed(self) -> tuple[Pod, str] | None:
        """Take an analysis whose pod is there, and that pod, however busy it is; or None."""
        for uid, name in self.resumed.items():
            if name in self.pods:
                del self.resumed[uid]
                return self.pods[name], uid
        return None

    def give_up(self, uid: str) -> None:
        """Queue an analysis whose pod did not come back."""
        if self.resumed.pop(uid, None) is not None:
            self.queue.add(self.jobs[uid][0])

    def refuses(self, pod: Pod, why: str) -> bool:
        """Count an attempt that no pod took. Return whether they are so many now that what waits has to be told."""
        self.refusals += 1
        if self.refusals != _REFUSALS:
            return False
        self.refusal = f"Its pods are ready and refuse work: {pod.endpoint.pod} {why}."
        return True

    def accepts(self) -> bool:
        """A pod took an attempt. Return whether what waits had been told otherwise."""
        self.refusals, told = 0, bool(self.refusal)
        self.refusal = ""
        return told

    def forget(self, uid: str) -> None:
        """Forget the job and the run of a request."""
        self.resumed.pop(uid, None)
        self.jobs.pop(uid, None)
        self.runs.pop(uid, None)


def job_of(
    request: AnalysisRequest,
    analyzer: str,
    source: PinnedSource | None,
    prefix: str | None,
    known: Known | KnownContent | None = None,
) -> AnalysisJob:
    """Return the job of one analysis of a request; its name is the same for each attempt."""
    spec = request.spec.source
    return AnalysisJob(
        id=f"{request.metadata.uid}.{analyzer}",
        source=SourceObject(
            uri=spec.uri,
            version_id=spec.version_id or (source.version_id if source else None),
            etag=source.etag if source else None,
            sha256=spec.sha256,
        ),
        deadline_seconds=request.spec.timeout_seconds,
        result_prefix=prefix,
        known=known if isinstance(known, Known) else None,
        known_content=known if isinstance(known, KnownContent) else None,
    )
