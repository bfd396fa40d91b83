"""Conditions by the Kubernetes API conventions, readable by kubectl wait and by kstatus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from analysis_operator.api import Condition, ConditionType

State = Literal["True", "False", "Unknown"]
_MESSAGE_LIMIT = 600


def updated(
    before: Iterable[Condition],
    wanted: Iterable[tuple[ConditionType, State, str, str]],
    *,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Give the wanted ``(type, status, reason, message)`` as conditions.

    ``lastTransitionTime`` moves only where status changed. A condition that is not wanted is dropped.
    """
    known = {found.type: found for found in before}
    after = []
    for kind, status, reason, message in wanted:
        old = known.get(kind)
        # A condition that speaks of no generation is the CRD's default: nobody has said it yet.
        said = old is not None and old.observed_generation is not None and old.status == status
        since = old.last_transition_time if old is not None and said else now
        after.append(
            Condition(
                type=kind,
                status=status,
                reason=reason,
                message=message[:_MESSAGE_LIMIT],
                last_transition_time=since,
                observed_generation=generation,
            )
        )
    return after


def of_unfinished(reason: str, message: str) -> list[tuple[ConditionType, State, str, str]]:
    """Give the conditions of a request on its way."""
    return [
        (ConditionType.SUCCEEDED, "Unknown", reason, message),
        (ConditionType.FINISHED, "False", reason, message),
        (ConditionType.RECONCILING, "True", reason, message),
    ]


def of_finished(reason: str, message: str, *, succeeded: bool) -> list[tuple[ConditionType, State, str, str]]:
    """Give the conditions of a request at its end; kstatus reads Stalled as failed, and neither as done."""
    ended: list[tuple[ConditionType, State, str, str]] = [
        (ConditionType.SUCCEEDED, "True" if succeeded else "False", reason, message),
        (ConditionType.FINISHED, "True", reason, message),
        (ConditionType.RECONCILING, "False", reason, message),
    ]
    return ended if succeeded else [*ended, (ConditionType.STALLED, "True", reason, message)]
