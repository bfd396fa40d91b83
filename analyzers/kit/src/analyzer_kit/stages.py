"""The wall clock of one job: its stages, its deadline, and its progress."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from analyzer_contract import AnalysisJob, FailureReason, Progress, SourceFacts
from analyzer_kit.child.messages import StageTime
from analyzer_kit.errors import AnalysisError
from guardian_service import tracing
from guardian_service.tracing import Kind

Emit = Callable[[Progress], None]
Attended = Callable[[], Awaitable[None]]
"""Returns as soon as a client follows the work."""


_OF_S3 = {"download", "find", "upload"}
_S3 = {"rpc.system": "aws-api", "rpc.service": "S3"}
ANALYSIS_SHARE = (0.1, 0.95)
"""Where the analysis's own 0-1 lies within the whole job, for the progress bar."""


async def always() -> None:
    """Return at once: the client that asked for the work waits for it."""


class Stages:
    """The wall clock of one job: emits progress and keeps the seconds of each stage."""

    def __init__(self, job: AnalysisJob, emit: Emit) -> None:
        self._emit = emit
        self._started = self._entered = time.monotonic()
        self._deadline = self._started + job.deadline_seconds
        self._waited = 0.0
        self._seconds: dict[str, float] = {}
        self._facts: SourceFacts | None = None
        self.stage = ""
        self._fraction = 0.0

    def enter(self, stage: str, fraction: float) -> None:
        """Begin a stage; ``fraction`` (0-1) of the whole is done by then."""
        now = time.monotonic()
        if self.stage:
            self._seconds[self.stage] = round(now - self._entered, 3)
            self._trace(now)
        self.stage, self._entered, self._fraction = stage, now, fraction
        self._emit_progress(stage)

    def set_source(self, facts: SourceFacts) -> None:
        """Tell the client which object is analysed."""
        self._facts = facts
        self._emit_progress(self.stage)

    def end(self) -> None:
        """End the last stage: nothing follows, whatever came of it."""
        if self.stage:
            self._trace(time.monotonic())

    def _trace(self, now: float) -> None:
        """Record the stage that ends now as a part of the current span."""
        if (span := tracing.current.get()) is not None:
            ended = time.time_ns()
            began = ended - int((now - self._entered) * 1e9)
            kind: Kind = "client" if self.stage in _OF_S3 else "internal"
            span.part(self.stage, began, ended, kind, **(_S3 if self.stage in _OF_S3 else {}))

    def leased(self) -> None:
        """Leave out the time so far in this stage: waiting for a free child is not the analysis's own time."""
        now = time.monotonic()
        if (span := tracing.current.get()) is not None:
            ended = time.time_ns()
            span.part("wait for a child", ended - int((now - self._entered) * 1e9), ended)
        self._waited += now - self._entered
        self._entered = now

    def child_times(self, times: Sequence[StageTime]) -> None:
        """Record what the child measured of its own stages, as parts of the current span."""
        if (span := tracing.current.get()) is not None:
            began = time.time_ns() - int((time.monotonic() - self._entered) * 1e9)
            for entry in times:
                span.part(f"child: {entry.stage}", began + int(entry.began * 1e9), began + int(entry.ended * 1e9))

    def child_stage(self, stage: str, fraction: float) -> None:
        """Emit how far the analysis itself is, 0-1; never less than before."""
        low, high = ANALYSIS_SHARE
        self._fraction = max(self._fraction, low + (high - low) * fraction)
        self._emit_progress(stage)

    def remaining(self) -> float:
        """Return seconds until the deadline; always positive, so that it can be a time-out."""
        return max(self._deadline - time.monotonic(), 0.001)

    def total(self) -> float:
        """Return seconds of work so far."""
        return round(time.monotonic() - self._started - self._waited, 3)

    def so_far(self) -> dict[str, float]:
        """Return seconds by stage, and in total."""
        return {**self._seconds, "total": self.total()}

    def _emit_progress(self, stage: str) -> None:
        self._emit(Progress(stage=stage, fraction=round(self._fraction, 3), source=self._facts))


def out_of_time(job: AnalysisJob, stage: str) -> AnalysisError:
    """Return the error for a deadline that passed in a stage."""
    if stage == "download":
        message = (
            f"{job.source.uri} was not downloaded whole within the {job.deadline_seconds:.0f} s that were asked for. "
            "Ask for more time, or send a shorter part of the recording."
        )
        return AnalysisError(FailureReason.DEADLINE_EXCEEDED, message)
    message = (
        f"The analysis was not done after {job.deadline_seconds:.0f} s, in stage {stage!r}. "
        "Ask for more time, or send a shorter part of the recording."
    )
    return AnalysisError(FailureReason.DEADLINE_EXCEEDED, message)
