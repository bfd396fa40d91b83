"""One attempt at an analysis: its pod, its job, and its stream, which becomes the run that decisions see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from analysis_operator.errors import Lost
from analysis_operator.requests.fair_queue import QueuedAnalysis
from analysis_operator.requests.observation import Outcome, PodLost, Run
from analysis_operator.requests.pool import Pod, WorkerPool
from analysis_operator.requests.ports import Runner
from analyzer_contract import AnalysisJob, Progress

_DEADLINE_GRACE = 15.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one pod does for one queued analysis, from a time on."""

    analyzer: str
    pool: WorkerPool
    pod: Pod
    analysis: QueuedAnalysis
    job: AnalysisJob
    started: datetime

    async def follow(self, runner: Runner, moved: Callable[[], None]) -> Outcome:
        """Follow the stream of the pod to its outcome; ``moved`` is called after each report on the way.

        Raises Busy, Draining or Unreachable if the pod does not take the job, and TimeoutError past the deadline.
        """
        try:
            async with (
                asyncio.timeout(self.job.deadline_seconds + _DEADLINE_GRACE),
                aclosing(runner.run(self.pod.endpoint, self.job)) as events,
            ):
                async for event in events:
                    if not isinstance(event, Progress):
                        return event
                    self._report(event)
                    moved()
        except Lost as error:
            return PodLost(str(error))
        return PodLost(f"Pod {self.pod.endpoint.pod} ended its answer without a result.")

    def update(self, **changes: object) -> None:
        """Change the run of this attempt; it begins with the first change."""
        runs, uid = self.pool.runs, self.analysis.key
        run = runs.get(uid) or Run(pod=self.pod.endpoint.pod, started_at=self.started)
        runs[uid] = replace(run, **changes)  # type: ignore[arg-type]

    def _report(self, event: Progress) -> None:
        run = self.pool.runs.get(self.analysis.key)
        source = event.source or (run.source if run else None)
        self.update(fraction=event.fraction, stage=event.stage, source=source)
