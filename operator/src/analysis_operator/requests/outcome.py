"""The end of a request: its verdict, its reason, and a sentence that says both to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis_operator.api import AnalysisState, AnalysisStatus
from analysis_operator.errors import Reason
from analysis_operator.requests.verdict import fuse
from analyzer_contract import Verdict

_MINUTE = 60
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class End:
    """The end of a request whose analyses have all finished."""

    succeeded: bool
    reason: str
    message: str
    verdict: Verdict | None = None
    score: int | None = None


def end_of(analyses: Sequence[AnalysisStatus], *, cancelled: bool) -> End:
    """Return the end of a request whose analyses have all finished.

    It succeeded if at least one analysis has a verdict; a cancelled one has none, whatever its analyses found.
    """
    failed = [entry for entry in analyses if entry.state is AnalysisState.FAILED]
    skipped = [entry for entry in analyses if entry.state is AnalysisState.SKIPPED]
    if cancelled and any(entry.reason == Reason.CANCELLED for entry in failed):
        return End(False, Reason.CANCELLED, "Cancelled by spec.cancel.")
    fused = fuse(analyses)
    if fused is None:
        first = (failed or skipped)[0]
        messages = dict.fromkeys(entry.message for entry in [*failed, *skipped])
        return End(False, first.reason, " ".join(messages))
    sentences = [f"{fused.verdict}, score {fused.score}."]
    sentences += [
        f"{entry.name} was not analysed again: the result is that of {entry.cached_from.name}."
        for entry in analyses
        if entry.cached_from is not None
    ]
    sentences += [f"{entry.name} skipped: {entry.message}" for entry in skipped]
    sentences += [
        f"{entry.name} examined {entry.examined_share} % of the recording."
        for entry in analyses
        if entry.blind and entry.examined_share is not None
    ]
    sentences += [f"{entry.name} failed ({entry.reason}): {entry.message}" for entry in failed]
    reason = Reason.PARTIALLY_COMPLETED if failed else Reason.COMPLETED
    return End(True, reason, " ".join(sentences), fused.verdict, fused.score)


def duration(created: datetime | None, now: datetime) -> str:
    """Return the time from creation to the end for a table: ``0.4s``, ``12.3s``, ``4m05s``, ``2h07m``."""
    if created is None:
        return ""
    seconds = max(0.0, (now - created).total_seconds())
    if seconds < _MINUTE:
        return f"{seconds:.1f}s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}m{int(seconds % _MINUTE):02d}s"
    return f"{int(seconds // _HOUR)}h{int(seconds % _HOUR // _MINUTE):02d}m"
