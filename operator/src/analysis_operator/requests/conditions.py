"""Conditions by the Kubernetes API conventions, readable by kubectl wait and by kstatus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from analysis_operator.api import Condition, ConditionRow, ConditionType

_MESSAGE_LIMIT = 600
_SHORT_LIMIT = 160
_SHORT = {ConditionType.FINISHED, ConditionType.RECONCILING, ConditionType.STALLED}
"""They repeat what Succeeded says whole."""


def cut(text: str, most_bytes: int) -> str:
    """Return a text without control characters, each of which takes six bytes as JSON, cut to so many bytes."""
    short = text[:most_bytes]
    printable = short if short.isprintable() else "".join(char if char.isprintable() else " " for char in short)
    return printable.encode()[:most_bytes].decode(errors="ignore")


def updated(
    before: Iterable[Condition], desired: Iterable[ConditionRow], *, generation: int, now: datetime
) -> list[Condition]:
    """Return the desired conditions.

    ``lastTransitionTime`` moves only where status changed. A condition that is not desired is dropped.
    """
    current = {condition.type: condition for condition in before}
    after = []
    for kind, status, reason, message in desired:
        old = current.get(kind)
        # Without a generation it is the CRD's default, which no operator has written.
        unchanged = old is not None and old.observed_generation is not None and old.status == status
        since = old.last_transition_time if old is not None and unchanged else now
        after.append(
            Condition(
                type=kind,
                status=status,
                reason=reason,
                message=cut(message, _SHORT_LIMIT if kind in _SHORT else _MESSAGE_LIMIT),
                last_transition_time=since,
                observed_generation=generation,
            )
        )
    return after


def replaced(before: Iterable[Condition], row: ConditionRow, *, generation: int, now: datetime) -> list[Condition]:
    """Return the conditions with this one, updated, as the last; the others stay as they are."""
    listed = list(before)
    others = [condition for condition in listed if condition.type is not row[0]]
    return [*others, *updated(listed, [row], generation=generation, now=now)]


def of_unfinished(reason: str, message: str) -> list[ConditionRow]:
    """Return the conditions of a request on its way."""
    return [
        (ConditionType.SUCCEEDED, "Unknown", reason, message),
        (ConditionType.FINISHED, "False", reason, message),
        (ConditionType.RECONCILING, "True", reason, message),
    ]


def of_finished(reason: str, message: str, *, succeeded: bool) -> list[ConditionRow]:
    """Return the conditions of a request at its end; kstatus reads Stalled as failed, and neither as done."""
    ended: list[ConditionRow] = [
        (ConditionType.SUCCEEDED, "True" if succeeded else "False", reason, message),
        (ConditionType.FINISHED, "True", reason, message),
        (ConditionType.RECONCILING, "False", reason, message),
    ]
    return ended if succeeded else [*ended, (ConditionType.STALLED, "True", reason, message)]
