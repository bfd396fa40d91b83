"""What `guardian analyze --output jsonl` writes: one JSON object a line, one line a file. docs/analyze.md explains it.

Others read these lines: within a ``schemaVersion`` fields are added, and none is renamed, removed or given another
meaning. Every field is in every line; what there is not is null, or an empty list.

``python -m analysis_operator.cli.lines docs/analyze-line.schema.json`` writes the schema; a test fails when the
committed one differs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Literal

from pydantic import Field

from analysis_operator.api import AnalysisState, AnalysisStatus, ConditionType
from analysis_operator.local.batch import FileOutcome
from analyzer_contract import AnalysisReport, DetectorReport, ExaminedShare, Finding, Verdict, Wire

Score = Field(ge=0, le=100, description="How strong the evidence is; from 50 on it counts as evidence.")


class FindingLine(Wire):
    """One piece of evidence; with score 0 a fact."""

    kind: str = Field(description="What was found, in CamelCase.")
    start_seconds: float = Field(description="Start of the stretch that it is in.")
    end_seconds: float = Field(description="End of it.")
    score: int = Score
    message: str = Field(description="One sentence with the measured values.")


class DetectorLine(Wire):
    """What one detector says."""

    name: str = Field(description="The detector.")
    score: int = Score
    claim: Verdict | None = Field(description="A verdict that it says by itself; without one its score speaks.")
    findings: list[FindingLine] = Field(description="What it found, at most 200.")


class AnalysisLine(Wire):
    """What one analyzer says."""

    name: str = Field(description="The analyzer: audio, video or context.")
    state: AnalysisState = Field(description="Succeeded, Failed, or Skipped: there is nothing of its kind in the file.")
    verdict: Verdict | None = Field(description="Null: it has none, and `reason` says why.")
    score: int | None = Score
    reason: str = Field(description="Why there is no verdict, in one CamelCase word: docs/reasons.md. Else empty.")
    message: str = Field(description="The verdict, or the reason, in a sentence.")
    examined_share: ExaminedShare | None
    unexamined: list[str] = Field(description="What was not examined, and why, one sentence each.")
    detectors: list[DetectorLine] = Field(description="Of a verdict: each detector, whether it found anything or not.")


class FileLine(Wire):
    """What became of one file."""

    schema_version: Literal["v1"]
    path: str = Field(description="As it was named; bytes that are no UTF-8 as \\xNN.")
    verdict: Verdict | None = Field(description="LikelyFake, Suspicious, NoEvidence or Inconclusive. Null: none.")
    score: int | None = Score
    reason: str = Field(description="Completed, PartiallyCompleted, or why there is no verdict: docs/reasons.md.")
    message: str = Field(description="The same in a sentence.")
    duration: float = Field(ge=0, description="Seconds from the start of the first analysis to the end of the last.")
    analyses: list[AnalysisLine] = Field(description="One for each analyzer, in the order of --analyzers.")


def shown(path: Path) -> str:
    """Return a path as text; bytes of a name that are no UTF-8 become ``\\xNN``."""
    return os.fsencode(path).decode(errors="backslashreplace")


def line_of(outcome: FileOutcome) -> FileLine:
    """Return the line of a file."""
    path = shown(outcome.file.path)
    if outcome.request is None:
        return FileLine(
            schema_version="v1",
            path=path,
            verdict=None,
            score=None,
            reason=outcome.reason,
            message=outcome.message,
            duration=0,
            analyses=[],
        )
    status = outcome.request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    begun, ended = status.started_at, status.finished_at
    return FileLine(
        schema_version="v1",
        path=path,
        verdict=status.verdict,
        score=status.score,
        reason=succeeded.reason if succeeded else "",
        message=succeeded.message if succeeded else "",
        duration=round((ended - begun).total_seconds(), 3) if begun and ended else 0,
        analyses=[_analysis(entry, outcome.results.get(entry.name)) for entry in status.analyses],
    )


def _analysis(entry: AnalysisStatus, result: AnalysisReport | None) -> AnalysisLine:
    return AnalysisLine(
        name=entry.name,
        state=entry.state,
        verdict=entry.verdict,
        score=entry.score,
        reason=entry.reason,
        message=entry.message,
        examined_share=result.examined_share if result else None,
        unexamined=list(result.unexamined) if result else [],
        detectors=[_detector(report) for report in result.detectors] if result else [],
    )


def _detector(report: DetectorReport) -> DetectorLine:
    return DetectorLine(
        name=report.name,
        score=report.score,
        claim=report.claim,
        findings=[_finding(finding) for finding in report.findings],
    )


def _finding(finding: Finding) -> FindingLine:
    return FindingLine(
        kind=finding.kind,
        start_seconds=finding.start_seconds,
        end_seconds=finding.end_seconds,
        score=finding.score,
        message=finding.message,
    )


def schema() -> str:
    """Return the JSON schema of a line."""
    return json.dumps(FileLine.model_json_schema(by_alias=True, mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema(), encoding="utf-8")
