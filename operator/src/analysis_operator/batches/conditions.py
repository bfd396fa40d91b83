"""The conditions of a batch. Pure."""

from __future__ import annotations

from datetime import datetime

from analysis_operator.api import AnalysisBatch, BatchStatus, ConditionRow, ConditionType
from analysis_operator.errors import Reason
from analysis_operator.requests.conditions import cut, updated

_MESSAGE = 300
"""A status stays small, whatever a key is called."""
_BRIEF = 120


def short(text: str, most_bytes: int) -> str:
    """Return a text cut to so many bytes, without control characters."""
    return cut(text, most_bytes)


def under_way(batch: AnalysisBatch, status: BatchStatus, reason: str, message: str, now: datetime) -> BatchStatus:
    """Return the status with the conditions of a batch that has not ended."""
    brief = short(message, _BRIEF)
    rows: list[ConditionRow] = [
        (ConditionType.ACCEPTED, "True", Reason.ACCEPTED, ""),
        _suspended(batch),
        (ConditionType.COMPLETE, "False", reason, short(message, _MESSAGE)),
        (ConditionType.FINISHED, "False", reason, brief),
        (ConditionType.RECONCILING, "True", reason, brief),
    ]
    return stated(batch, status, rows, now)


def at_the_end(reason: str, message: str, *, succeeded: bool, refused: bool) -> list[ConditionRow]:
    """Return the conditions of a batch that has ended; ``refused``: without a recording begun."""
    message, brief = short(message, _MESSAGE), short(message, _BRIEF)
    accepted: ConditionRow = (ConditionType.ACCEPTED, "True", Reason.ACCEPTED, "")
    rows: list[ConditionRow] = [
        (ConditionType.ACCEPTED, "False", reason, message) if refused else accepted,
        (ConditionType.SUSPENDED, "False", Reason.COMPLETED, ""),
        (ConditionType.COMPLETE, "True" if succeeded else "False", reason, message),
        (ConditionType.FINISHED, "True", reason, brief),
        (ConditionType.RECONCILING, "False", reason, brief),
    ]
    if not succeeded:
        rows += [(ConditionType.FAILED, "True", reason, message), (ConditionType.STALLED, "True", reason, brief)]
    return rows


def of_generation(batch: AnalysisBatch, status: BatchStatus) -> BatchStatus:
    """Return the status of an ended batch as that of its current generation; kstatus believes no other."""
    generation = batch.metadata.generation
    current = [entry.model_copy(update={"observed_generation": generation}) for entry in status.conditions]
    return status.model_copy(update={"conditions": current, "observed_generation": generation})


def _suspended(batch: AnalysisBatch) -> ConditionRow:
    if batch.spec.suspend:
        return ConditionType.SUSPENDED, "True", Reason.SUSPENDED, "By spec.suspend."
    return ConditionType.SUSPENDED, "False", Reason.RUNNING, ""


def stated(batch: AnalysisBatch, status: BatchStatus, rows: list[ConditionRow], now: datetime) -> BatchStatus:
    """Return the status with these conditions."""
    generation = batch.metadata.generation
    listed = updated(batch.status.conditions, rows, generation=generation, now=now)
    return status.model_copy(update={"conditions": listed, "observed_generation": generation})
