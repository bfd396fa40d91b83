"""Which batches work now: what one keeps in memory is bounded, and so is their number. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from analysis_operator.api import AnalysisBatch

MOST = 50
OWN = 5
"""Of one namespace."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def at_work(batches: Iterable[AnalysisBatch]) -> set[str]:
    """Return the UIDs of those that work now: the oldest, not too many of one namespace, none that is suspended."""
    chosen: set[str] = set()
    own: Counter[str] = Counter()
    wanting = (batch for batch in batches if not batch.status.finished and not batch.spec.suspend)
    for batch in sorted(wanting, key=_age):
        namespace = batch.metadata.namespace
        if len(chosen) < MOST and own[namespace] < OWN:
            chosen.add(batch.metadata.uid)
            own[namespace] += 1
    return chosen


def _age(batch: AnalysisBatch) -> tuple[datetime, str]:
    return batch.metadata.creation_timestamp or _LONG_AGO, batch.metadata.uid
