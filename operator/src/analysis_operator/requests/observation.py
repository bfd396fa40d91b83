"""The observation of one request: everything that `plan` decides from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analysis_operator.api import AnalysisRequest, ConditionRow
from analysis_operator.cache.entry import Earlier
from analysis_operator.callbacks.delivery import Delivery
from analysis_operator.report.places import results_folder
from analysis_operator.report.ports import Report
from analysis_operator.requests.limits import Limits
from analysis_operator.requests.retry import backoff, longest, patient
from analyzer_contract import Failure, Result, SourceFacts, Unchanged


@dataclass(frozen=True, slots=True)
class PodLost:
    """The stream of a run broke before its result: the pod, its node, or the connection is gone."""

    message: str


Outcome = Result | Unchanged | Failure | PodLost


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
    """The pool of one Analyzer.

    Args:
        slots: how many analyses its ready pods take at a time.
        problem: what keeps more pods from being ready, or an empty string.
        concurrency: how many analyses one pod takes at a time.
        refusal: why its ready pods take no work for some time now, or an empty string.
        paused: whether it begins no analysis, since its Analyzer says so.
    """

    slots: int = 0
    problem: str = ""
    concurrency: int = 1
    refusal: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the installation that decisions need.

    ``grants`` maps a namespace, or ``*`` for every other one, to what may be analysed for it: buckets, and prefixes
    that end with a slash.
    """

    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    results_uri: str | None = None
    retry_base_seconds: float = 2.0
    retry_cap_seconds: float = 60.0
    max_disruptions: int = 20
    missing_analyzer_seconds: float = 120.0
    """How long requests wait for an Analyzer that is not there: it may be created again, or come with the next file."""

    def result_prefix(self, request: AnalysisRequest) -> str | None:
        """Return where the results of a request go, with a slash at the end; the UID keeps namesakes apart."""
        if self.results_uri is None:
            return None
        meta = request.metadata
        return results_folder(self.results_uri, meta.namespace, meta.name, meta.uid)

    @property
    def longest_pause(self) -> timedelta:
        """The longest pause between attempts, with its jitter."""
        return longest(self.retry_cap_seconds)

    def storage_pause(self, key: str, waited: timedelta) -> timedelta:
        """Return the pause when S3 has failed for some time at what `key` names."""
        return patient(key, waited, base=self.retry_base_seconds, cap=self.retry_cap_seconds)

    def retry_pause(self, key: str, attempt: int) -> timedelta:
        """Return the pause after this many attempts at what `key` names."""
        return backoff(key, attempt, base=self.retry_base_seconds, cap=self.retry_cap_seconds)


@dataclass(frozen=True, slots=True)
class Observation:
    """A snapshot: the request as last read, the runs in flight or just ended, and the pools it names.

    ``missing_since``: from when on each Analyzer that the request names and that is not there is known to be missing.
    ``earlier``: of each analyzer that was looked up the earlier result, if there is one; None: nothing is adopted.
    ``ahead``: by analyzer, the request for whose answer this one waits.
    ``unsent``: the condition to write with its end, if somebody subscribes to that.
    ``clock_doubted``: the time is perhaps wrong, so nothing is done by age that cannot be taken back.
    """

    request: AnalysisRequest
    pools: Mapping[str, PoolView]
    runs: Mapping[str, Run] = field(default_factory=dict)
    report: Report | None = None
    policy: Policy = field(default_factory=Policy)
    delivery: Delivery = field(default_factory=Delivery)
    unsent: Sequence[ConditionRow] = ()
    missing_since: Mapping[str, datetime] = field(default_factory=dict)
    clock_doubted: bool = False
    earlier: Mapping[str, Earlier | None] | None = None
    ahead: Mapping[str, str] = field(default_factory=dict)
