"""What goes over the wire. JSON names are camelCase, times are RFC 3339 in UTC."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StringConstraints

from analyzer_contract import Sha256, Verdict, Wire
from guardian_service.s3 import MOST_CHARACTERS, PLAIN_OBJECT_PATTERN

_ANALYZER = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"

MOST_BYTES = 5 * 1024**3
"""What S3 takes in one piece."""

AnalyzerName = Annotated[str, StringConstraints(pattern=_ANALYZER)]


def _whole(value: object) -> object:
    """JSON has one kind of number: 5.0 is an integer there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class State(StrEnum):
    """How far an analysis is."""

    WAITING = "Waiting"
    RUNNING = "Running"
    FINISHED = "Finished"


class Source(Wire):
    """The recording: one S3 object."""

    uri: str = Field(
        pattern=PLAIN_OBJECT_PATTERN, max_length=MOST_CHARACTERS, description="As an upload gave it: s3://BUCKET/KEY."
    )
    version_id: str | None = Field(
        default=None, min_length=1, max_length=1024, description="A version of it, in a versioned bucket."
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="Of its content: a recording with another one is not analysed, and an earlier result for the same "
        "content, as whichever object, counts.",
    )


class NewAnalysis(Wire):
    """What to analyse."""

    source: Source
    refresh: StrictBool = Field(
        default=False, description="Analyse it even if an earlier result for it could be adopted."
    )
    analyzers: list[AnalyzerName] | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        json_schema_extra={"uniqueItems": True},
        description="Names of analyzers; without it those of the installation.",
    )


class Finding(Wire):
    """One piece of evidence and the stretch of the recording that it is about, in seconds."""

    kind: str
    start_seconds: int
    end_seconds: int
    score: int = Field(ge=0, le=100)


class Part(Wire):
    """One analyzer's part."""

    name: str
    state: Literal["Pending", "Running", "Succeeded", "Failed", "Skipped"]
    verdict: Verdict | None
    score: int | None = Field(ge=0, le=100)
    examined_share: int | None = Field(
        ge=0, le=100, description="Per cent of the sound, or of the picture, that was examined; null: not stated."
    )
    progress: int = Field(ge=0, le=100)
    reason: str
    message: str
    findings: list[Finding]
    cached: bool = Field(
        description="Whether nothing was analysed: an earlier result for the same object and analyzer was adopted."
    )
    cached_from: str | None = Field(description="The id of the analysis that this result comes from.")


class Analysis(Wire):
    """Where one analysis stands. Once it is Finished it never changes again."""

    id: str = Field(description="Opaque: use it as it is.")
    state: State
    reason: str = Field(description="Why, in one CamelCase word: see docs/reasons.md.")
    message: str = Field(description="Why, in a sentence.")
    verdict: Verdict | None = Field(description="Never 'genuine': the best answer is NoEvidence.")
    score: int | None = Field(ge=0, le=100, description="0: nothing found, 100: the strongest evidence.")
    progress: int = Field(ge=0, le=100, description="Per cent done.")
    source: Source
    analyzers: list[str]
    analyses: list[Part]
    has_report: bool = Field(description="Whether GET …/report gives a link.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class PageQuery(Wire):
    """Which page of a list."""

    limit: int = Field(default=20, ge=1, le=100, description="At most so many.")
    cursor: str | None = Field(default=None, max_length=512, description="`next` of the page before.")


class AnalysisList(Wire):
    """One page, newest first."""

    items: list[Analysis]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class NewUpload(Wire):
    """What will be uploaded."""

    content_type: str = Field(
        pattern=r"^(audio|video)/[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$", description="For example audio/mp4 or video/mp4."
    )
    size_bytes: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=MOST_BYTES, strict=True, description="Exactly: another size is refused by the storage."
    )
    sha256: Sha256 | None = Field(
        default=None, description="Of the bytes: others are refused by the storage. It is then part of `source`."
    )


class Upload(Wire):
    """One upload that is allowed: send the bytes to `url` with this method and these headers."""

    source: Source = Field(description="What to name in POST /v1/analyses afterwards.")
    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: datetime


class ReportLink(Wire):
    """Where the report can be read for a while, without a token."""

    url: str
    expires_at: datetime


class InvalidField(Wire):
    """One field that is wrong."""

    field: str
    message: str


class Problem(Wire):
    """An error, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[InvalidField] | None = None
