"""What the page is made of: each analysis's entry in the status, with the result that was read for it."""

from __future__ import annotations

from dataclasses import dataclass

from analysis_operator.api import AnalysisStatus
from analyzer_contract import AnalysisReport


@dataclass(frozen=True, slots=True)
class Section:
    """One analysis: where it stands, its whole result and its plot if they could be read, and if not, why."""

    entry: AnalysisStatus
    result: AnalysisReport | None = None
    plot: bytes | None = None
    problem: str = ""
