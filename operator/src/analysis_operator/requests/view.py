"""What the controller keeps of one request in memory; all of it can be lost and read again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.report.ports import Report
from analysis_operator.requests.actions import Notify

BACKOFF_SECONDS = (0.5, 30.0)
"""Between attempts of one reconcile: the first pause and the longest."""


@dataclass(slots=True)
class Entry:
    """One request as last read or written. Times are in seconds of the event loop."""

    request: AnalysisRequest
    write_not_before: float
    backoff: float = BACKOFF_SECONDS[0]
    report: Report | None = None
    reporting: asyncio.Task[None] | None = None
    ends: dict[datetime | None, Notify] = field(default_factory=dict)
    """The event of each end that was written, perhaps without an answer, by its time; empty once one has followed."""
    turn: float | None = None
    """When its next write that can wait may be made; None: no turn was taken."""

    @property
    def version(self) -> int:
        """The version of the request, for comparisons."""
        return version_of(self.request)

    def next_backoff(self) -> float:
        """Return the pause before the next attempt; the one after it is twice as long."""
        pause = self.backoff
        self.backoff = min(pause * 2, BACKOFF_SECONDS[1])
        return pause

    def forget_details(self) -> None:
        """Keep only what a finished request needs while it waits for its deletion: a week of them must fit into memory.

        Only for one whose status needs no write: an edit brings the whole object again.
        """
        status = self.request.status
        kept = RequestStatus(
            observed_generation=status.observed_generation, finished_at=status.finished_at, conditions=status.conditions
        )
        self.request = self.request.model_copy(update={"status": kept})


def version_of(request: AnalysisRequest) -> int:
    """Return the resource version as a number: the API promises an order within one resource since Kubernetes 1.35."""
    return int(request.metadata.resource_version or 0)
