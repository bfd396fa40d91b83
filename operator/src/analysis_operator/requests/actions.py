"""What `plan` returns: actions as values, the status to write, and when to plan again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis_operator.api import PinnedSource, RequestStatus
from analysis_operator.callbacks.delivery import Answer
from analyzer_contract import Known, KnownContent


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Queue an attempt on the pinned object for a slot of this analyzer. Twice is the same as once.

    ``resume_on``: the pod that may still have the work, without anybody who follows it.
    """

    analyzer: str
    source: PinnedSource | None = None
    resume_on: str | None = None
    known: Known | KnownContent | None = None
    """An earlier result: if it would be the same again, the analyzer says only that."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Find out whether this analyzer has an earlier result for the same object or content."""

    analyzer: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the attempt of this analyzer, running or waiting. It may already have stopped."""

    analyzer: str


@dataclass(frozen=True, slots=True)
class WriteReport:
    """Write the report page from these analyzers' results and the verdict."""

    status: RequestStatus


@dataclass(frozen=True, slots=True)
class CallBack:
    """Send the answer to the task that waits for it. Step Functions refuses a second one."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Notify:
    """Post one Kubernetes event, after the status is written."""

    kind: Literal["Normal", "Warning"]
    reason: str
    message: str


Action = Enqueue | LookUp | Stop | WriteReport | CallBack | Notify


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. ``requeue_after`` is in seconds; None: nothing more happens by time alone.

    ``urgent``: the status carries something that may not be lost or delayed; otherwise it is progress, and
    writes of progress are throttled.
    ``parked``: once the status is written nothing is left to do, other than at the deadline, until somebody changes
    the request.
    """

    status: RequestStatus
    actions: tuple[Action, ...] = ()
    requeue_after: float | None = None
    urgent: bool = False
    parked: bool = False
