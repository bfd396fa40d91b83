"""What the controller keeps of one batch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from analysis_operator.api import AnalysisBatch, AnalysisRequest
from analysis_operator.batches.observation import Trouble
from analysis_operator.batches.progress import Throughput
from analysis_operator.batches.work import Work

_BACKOFF_SECONDS = (0.5, 30.0)


@dataclass(slots=True)
class Entry:
    """One batch as last read or written, and what is done for it. Times are in seconds of the event loop."""

    batch: AnalysisBatch
    work: Work | None = None
    early: dict[str, AnalysisRequest] = field(default_factory=dict)
    """Requests that were heard of while the list of them was read."""
    total: int | None = None
    speed: Throughput = field(default_factory=Throughput)
    tasks: dict[type, asyncio.Task[None]] = field(default_factory=dict)
    """What is being done, by the type of its action: one of each at a time."""
    troubles: dict[type, Trouble] = field(default_factory=dict)
    not_before: dict[type, float] = field(default_factory=dict)
    pauses: dict[type, float] = field(default_factory=dict)
    write_not_before: float = 0.0

    @property
    def version(self) -> int:
        """The version of the batch, for comparisons."""
        return int(self.batch.metadata.resource_version or 0)

    @property
    def trouble(self) -> Trouble | None:
        """What keeps it from going on, if anything does; what cannot pass counts first."""
        return next(iter(sorted(self.troubles.values(), key=lambda trouble: not trouble.fatal)), None)

    def succeeded(self, kind: type) -> None:
        """Take note that an action was done."""
        for kept in (self.troubles, self.not_before, self.pauses):
            kept.pop(kind, None)

    def failed(self, kind: type, trouble: Trouble | None) -> float:
        """Take note that an action was not done, and return the pause before it is tried again: longer each time."""
        pause = self.pauses.get(kind, _BACKOFF_SECONDS[0])
        self.pauses[kind] = min(pause * 2, _BACKOFF_SECONDS[1])
        self.not_before[kind] = asyncio.get_running_loop().time() + pause
        if trouble is not None:
            self.troubles[kind] = trouble
        return pause

    def now(self, kind: type) -> None:
        """Let an action that was not done be tried again at once."""
        self.not_before.pop(kind, None)
        self.pauses.pop(kind, None)

    def stop(self) -> None:
        """End what is being done."""
        for task in self.tasks.values():
            task.cancel()
        self.tasks.clear()
