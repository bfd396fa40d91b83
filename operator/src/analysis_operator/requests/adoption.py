"""Decide whether an earlier result is adopted instead of an analysis. Pure.

The operator does not read recordings: whether the object, and all else that decides, is still the same, the analyzer
says, which has to look at the object anyway.
"""

from __future__ import annotations

from analysis_operator.api import AnalysisStatus, CachedFrom, PinnedSource
from analysis_operator.cache.entry import Earlier
from analysis_operator.errors import Reason
from analysis_operator.requests.actions import Enqueue, LookUp
from analysis_operator.requests.observation import Observation
from analyzer_contract import Failure, FailureKind, FailureReason, Result, Unchanged


def start(entry: AnalysisStatus, observed: Observation, source: PinnedSource | None) -> Enqueue | LookUp | None:
    """Return how an analysis begins: with a look for an earlier result, unless nothing is adopted or one has failed.

    None: an equal request is ahead, and its result may count here, too.
    """
    name, known = entry.name, observed.earlier
    resume_on = entry.pod if entry.reason == Reason.INTERRUPTED else None
    if known is None or entry.attempts:
        return Enqueue(name, source, resume_on)
    if name in observed.ahead:
        return None
    if name not in known:
        return LookUp(name)
    earlier = known[name]
    # Not of an object that was replaced since: the other analyses of this request looked at this one.
    other = (
        earlier is not None
        and earlier.sha256 is None
        and source is not None
        and earlier.result.source.etag != source.etag
    )
    return Enqueue(name, source, resume_on, None if earlier is None or other else earlier.known)


def adopt(same: Unchanged, pod: str, earlier: Earlier | None) -> tuple[Result | Failure, Earlier | None]:
    """Return the earlier result that an analyzer says would be the same again, or the failure that it says so.

    It is now about the object that the analyzer has looked at.
    """
    if earlier is not None and earlier.is_meant_by(same):
        return earlier.result.model_copy(update={"source": same.source}), earlier
    message = f"Pod {pod} says that an earlier result is unchanged, and it was not asked about that one."
    return Failure(kind=FailureKind.INTERNAL, reason=FailureReason.INTERNAL_ERROR, message=message), None


def marked(ended: AnalysisStatus, before: AnalysisStatus, earlier: Earlier | None) -> AnalysisStatus:
    """Return the entry of an analysis that adopted a result: it says so, and counts no attempt."""
    if earlier is None:
        return ended
    origin = CachedFrom(name=earlier.request, uid=earlier.uid, finished_at=earlier.ended_at)
    return ended.model_copy(update={"attempts": before.attempts, "cached": True, "cached_from": origin})
