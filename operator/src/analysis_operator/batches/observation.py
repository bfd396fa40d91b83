"""The observation of one batch: everything that `plan` decides from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_operator.api import AnalysisBatch, BatchStatus, ConditionRow
from analysis_operator.batches.work import Work
from analysis_operator.requests.observation import Policy


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a batch from going on. ``fatal``: trying again does not help."""

    reason: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """A snapshot of one batch.

    Args:
        batch: as last read.
        policy: the settings of the installation.
        work: what is at work of it; None: not read yet.
        trouble: what kept the last action from being done.
        has_turn: whether it may begin recordings now, for all the other batches.
        total: how many recordings there are, if they have been counted.
        per_minute: how many came to their end, if that is known.
        clock_doubted: the time is perhaps wrong, so nothing is done by age that cannot be taken back.
        unsent: the condition to write with its end, if somebody subscribes to that.
    """

    batch: AnalysisBatch
    policy: Policy
    work: Work | None = None
    trouble: Trouble | None = None
    has_turn: bool = True
    total: int | None = None
    per_minute: int | None = None
    clock_doubted: bool = False
    unsent: Sequence[ConditionRow] = ()

    @property
    def status(self) -> BatchStatus:
        """The status as last read."""
        return self.batch.status
