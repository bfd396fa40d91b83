"""One line of a batch's results: what became of one recording. Fields are only ever added within ``v1``.

``python -m analysis_operator.batches.lines docs/batch-line.schema.json`` writes its schema.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis_operator.api import AnalysisRequest, AnalysisStatus, ConditionType
from analysis_operator.batches.rows import Row
from analyzer_contract import Verdict, camel


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel, populate_by_name=True)


class AnalysisLine(_Model):
    """What one analyzer found."""

    name: str = Field(description="The analyzer.")
    verdict: Verdict | None = Field(default=None, description="The verdict from its evidence; null: it has none.")
    score: int | None = Field(default=None, ge=0, le=100, description="How strong its evidence is.")
    examined_share: int | None = Field(default=None, ge=0, le=100, description="Per cent that it examined.")
    reason: str = Field(default="", description="Why it has no verdict, in one CamelCase word.")
    cached: bool = Field(default=False, description="Whether an earlier result of the same object was adopted.")


class BatchLine(_Model):
    """What became of one recording, or of one line of a manifest."""

    schema_version: Literal["v1"] = Field(default="v1", description="The form of this line.")
    uri: str | None = Field(description="The recording; null: the line of the manifest names none.")
    version_id: str | None = Field(default=None, description="Its version that was analysed, in a versioned bucket.")
    etag: str | None = Field(default=None, description="The ETag of the object that was analysed.")
    line: int | None = Field(default=None, ge=1, description="The line of the manifest.")
    verdict: Verdict | None = Field(description="The verdict; null: there is none, and the reason says why.")
    score: int | None = Field(description="0: nothing found, 100: the strongest evidence.")
    reason: str = Field(description="Completed, PartiallyCompleted, or why there is no verdict.")
    message: str = Field(description="The same, in a sentence.")
    analyses: list[AnalysisLine] = Field(default=[], description="One entry for each analyzer.")
    report_uri: str | None = Field(default=None, description="The report, a page for people.")
    request: str | None = Field(default=None, description="The name of the AnalysisRequest, which is deleted.")


def of_request(request: AnalysisRequest, row: Row) -> BatchLine:
    """Return the line of a request that has finished."""
    status = request.status
    succeeded = status.condition(ConditionType.SUCCEEDED)
    return BatchLine(
        uri=request.spec.source.uri,
        version_id=(status.source.version_id if status.source else None) or request.spec.source.version_id,
        etag=status.source.etag if status.source else None,
        line=row.line,
        verdict=status.verdict,
        score=status.score,
        reason=succeeded.reason if succeeded else "",
        message=succeeded.message if succeeded else "",
        analyses=[_analysis(entry) for entry in status.analyses],
        report_uri=status.report_uri,
        request=request.metadata.name,
    )


def of_failure(row: Row, reason: str, message: str, request: str | None = None) -> BatchLine:
    """Return the line of what was not analysed."""
    return BatchLine(
        uri=row.uri,
        version_id=row.version_id,
        line=row.line,
        verdict=None,
        score=None,
        reason=reason,
        message=message,
        request=request,
    )


def as_bytes(lines: Iterable[BatchLine]) -> bytes:
    """Return JSON lines."""
    return "".join(f"{line.model_dump_json(by_alias=True)}\n" for line in lines).encode()


def _analysis(entry: AnalysisStatus) -> AnalysisLine:
    return AnalysisLine(
        name=entry.name,
        verdict=entry.verdict,
        score=entry.score,
        examined_share=entry.examined_share,
        reason=entry.reason,
        cached=entry.cached,
    )


def schema() -> str:
    """Return the JSON schema of a line."""
    return json.dumps(BatchLine.model_json_schema(by_alias=True, mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema(), encoding="utf-8")
