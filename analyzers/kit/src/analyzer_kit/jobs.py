"""The slots of a service, and the analyses that hold them."""

from __future__ import annotations

from analyzer_contract import AnalysisJob
from analyzer_kit.backend import Backend
from analyzer_kit.metrics import Metrics
from analyzer_kit.work import Work
from guardian_service import tracing
from guardian_service.trace_context import Context
from guardian_service.tracing import Tracing


class Jobs:
    """The slots of a service: at most ``slots`` analyses at once, and none new while draining."""

    def __init__(self, backend: Backend, slots: int, metrics: Metrics, traces: Tracing = tracing.OFF) -> None:
        self._backend = backend
        self._metrics = metrics
        self._traces = traces
        self._works: list[Work] = []
        self.slots = slots
        self.draining = False

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return sum(work.runs for work in self._works)

    @property
    def full(self) -> bool:
        """Whether every slot is taken."""
        return self.busy >= self.slots

    @property
    def unattended(self) -> list[str]:
        """The names of the jobs that keep their slots for a client that comes back."""
        return [work.job.id for work in self._works if work.unattended]

    def known(self, job: AnalysisJob) -> Work | None:
        """Return the work on the same job that goes on without its client, or would, or None."""
        return next((work for work in self._works if work.keep_seconds and _same(work.job, job)), None)

    def start(self, job: AnalysisJob, keep_seconds: float = 0, parent: Context | None = None) -> Work:
        """Start a job in a slot that is free; without a client it goes on for so many seconds."""
        span = self._traces.start("analysis", parent, kind="server") if parent else None
        work = Work(job, keep_seconds, self._backend, self._metrics, self._forget, span=span)
        self._works.append(work)
        return work

    def cancel(self, job_id: str) -> None:
        """Stop the work on jobs of this name, if there is any."""
        for work in [work for work in self._works if work.job.id == job_id]:
            work.stop()

    def _forget(self, work: Work) -> None:
        if work in self._works:
            self._works.remove(work)


def _same(one: AnalysisJob, other: AnalysisJob) -> bool:
    """Return whether it is one job: which version of the object it means may have been found out meanwhile.

    Work on one that knows an earlier result may end with that, which means nothing to who does not know it.
    """
    named = (one.id, one.source.uri, one.result_prefix) == (other.id, other.source.uri, other.result_prefix)
    return named and one.known in (None, other.known)
