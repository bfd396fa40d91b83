"""What was observed of one request: everything that `plan` may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from analysis_operator.api import AnalysisRequest
from analyzer_contract import Failure, Result, SourceFacts


@dataclass(frozen=True, slots=True)
class PodLost:
    """The stream of a run broke before its result: the pod, its node, or the connection is gone."""

    message: str


Outcome = Result | Failure | PodLost


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt that this operator started and whose outcome is not yet in the status."""

    pod: str
    started_at: datetime
    fraction: float = 0.0
    stage: str = ""
    source: SourceFacts | None = None
    outcome: Outcome | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PoolView:
    """One Analyzer: how many slots its ready pods have, each so many, and what keeps more from being ready."""

    slots: int = 0
    problem: str = ""
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the report page: written at `uri`, or not, and why."""

    uri: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AnswerDelivered:
    """The state machine took the answer."""

    label: ClassVar[str] = "Delivered"


@dataclass(frozen=True, slots=True)
class AnswerRefused:
    """Asking again is of no use. ``nobody_waits``: for this token, not any more or not ever."""

    label: ClassVar[str] = "Refused"
    code: str
    message: str
    nobody_waits: bool = True


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """The answer was not taken, this time. It may have arrived all the same if the reply to it was lost."""

    label: ClassVar[str] = "Failed"
    code: str
    message: str
    may_have_arrived: bool


Reply = AnswerDelivered | AnswerRefused | AnswerFailed


@dataclass(frozen=True, slots=True)
class Delivery:
    """What this process knows of the callback of one request.

    ``doubtful``: an attempt that nobody heard the reply to may have arrived, one of an earlier operator perhaps.
    """

    attempts: int = 0
    under_way: bool = False
    doubtful: bool = True
    reply: Reply | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the installation decided.

    ``grants`` maps a namespace, or ``*`` for every other one, to URI prefixes that it may have read for it.
    """

    grants: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"*": ("s3://",)})
    results_uri: str | None = None
    retry_base_seconds: float = 2.0
    retry_cap_seconds: float = 60.0
    max_disruptions: int = 20


@dataclass(frozen=True, slots=True)
class Observation:
    """A snapshot: the request as last read, the runs in flight or just ended, and the pools it names."""

    request: AnalysisRequest
    pools: Mapping[str, PoolView]
    runs: Mapping[str, Run] = field(default_factory=dict)
    report: Report | None = None
    policy: Policy = field(default_factory=Policy)
    delivery: Delivery | None = None
