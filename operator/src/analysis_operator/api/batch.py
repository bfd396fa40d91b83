"""AnalysisBatch: analyse every recording that a prefix or a manifest names, a bounded number at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from analysis_operator.api.base import (
    CONDITION_LIST,
    Condition,
    ConditionType,
    Matches,
    Metadata,
    Resource,
    rule,
)
from analysis_operator.api.request import NO_DOTS, NOT_HIDING, AnalyzerName
from guardian_service.s3 import BUCKET_PATTERN, FOLDER_PATTERN, MOST_CHARACTERS

MOST_PARALLEL = 500
MOST_REASONS = 10
"""Reasons of failures that a status counts one by one; all others are counted together."""
MOST_FAILED_LINES = 10

_PREFIX = Matches(
    FOLDER_PATTERN, "name a bucket or a folder with a slash at the end, for example s3://media/calls/2026-11/"
)
_MANIFEST = Matches(
    rf"^{BUCKET_PATTERN}/.+\.(csv|jsonl|ndjson)$",
    "name one S3 object that ends with .csv, .jsonl or .ndjson, for example s3://media/lists/november.csv",
)


class BatchSource(Resource):
    """Which recordings: all objects under a prefix, or those that a manifest names."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("has(self.prefix) != has(self.manifest)", "give either spec.source.prefix or spec.source.manifest")
            ]
        }
    )

    prefix: Annotated[str, _PREFIX, NO_DOTS, NOT_HIDING, Field(max_length=MOST_CHARACTERS)] | None = Field(
        default=None, description="Every object under s3://BUCKET/PREFIX/."
    )
    manifest: Annotated[str, _MANIFEST, NO_DOTS, NOT_HIDING, Field(max_length=MOST_CHARACTERS)] | None = Field(
        default=None,
        description="An object that names one recording a line: CSV with a column uri or key, or JSON lines with a "
        "field uri or key; versionId may be given, too. A key is one of the manifest's own bucket.",
    )

    @property
    def uri(self) -> str:
        """Return the prefix or the manifest."""
        return self.prefix or self.manifest or ""


class BatchSpec(Resource):
    """What to analyse, how many at a time, and when to give up."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                *(
                    rule(f"self.{field} == oldSelf.{field}", f"spec.{field} cannot change: make another batch")
                    for field in ("source", "analyzers", "refresh", "timeoutSeconds", "maxAttempts")
                ),
                rule("self.cancel || !oldSelf.cancel", "a cancelled batch stays so: make another batch"),
            ]
        }
    )

    source: BatchSource
    analyzers: list[AnalyzerName] = Field(
        default=["audio", "video"],
        min_length=1,
        max_length=8,
        description="Names of Analyzers in the operator's namespace, for every recording.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    parallelism: int = Field(
        default=10,
        ge=1,
        le=MOST_PARALLEL,
        description="How many recordings have an unfinished AnalysisRequest at a time.",
    )
    max_failures: int | None = Field(
        default=None,
        ge=0,
        description="With more recordings without a verdict than this the batch ends as failed. Default: never.",
    )
    deadline_seconds: int | None = Field(
        default=None,
        ge=1,
        le=315_360_000,
        description="Seconds after its creation at which the batch ends as failed, suspended or not. Default: never.",
    )
    suspend: bool = Field(
        default=False, description="While true no further recording is begun; those that are go on to their end."
    )
    cancel: bool = Field(default=False, description="Set to true to stop the work. This cannot be undone.")
    priority: int = Field(default=0, ge=-1000, le=1000, description="The priority of the requests that are made.")
    refresh: bool = Field(
        default=False, description="Have recordings analysed even if earlier results for them could be adopted."
    )
    timeout_seconds: int = Field(
        default=120, ge=1, le=3600, description="Seconds that one attempt of one analysis may run."
    )
    max_attempts: int = Field(default=3, ge=1, le=10, description="Attempts per analysis of a recording.")
    ttl_seconds_after_finished: int = Field(
        default=604_800,
        ge=0,
        le=315_360_000,
        description="Seconds after its end at which the batch is deleted. The results in S3 stay.",
    )


class FailureCount(Resource):
    """How many recordings have no verdict for one reason."""

    reason: str = Field(max_length=63, description="The reason of the request, or of the line.")
    count: int = Field(ge=0, description="How many.")


class BatchCounts(Resource):
    """How many recordings came to which end."""

    likely_fake: int = Field(default=0, ge=0, description="Recordings that are LikelyFake.")
    suspicious: int = Field(default=0, ge=0, description="Recordings that are Suspicious.")
    no_evidence: int = Field(default=0, ge=0, description="Recordings with NoEvidence.")
    inconclusive: int = Field(default=0, ge=0, description="Recordings that are Inconclusive.")
    failed: int = Field(default=0, ge=0, description="Recordings without a verdict, and lines that name none.")
    reasons: list[FailureCount] = Field(
        default=[], max_length=MOST_REASONS + 1, description="Those without a verdict, by reason."
    )

    @property
    def total(self) -> int:
        """Return how many there are in all."""
        return self.likely_fake + self.suspicious + self.no_evidence + self.inconclusive + self.failed


class Position(Resource):
    """A place in the list of recordings, from which reading goes on."""

    after_key: str | None = Field(default=None, max_length=1024, description="In a prefix: the last key before it.")
    byte: int | None = Field(default=None, ge=0, description="In a manifest: its first byte.")
    line: int | None = Field(default=None, ge=0, description="In a manifest: how many lines are before it.")
    etag: str | None = Field(default=None, max_length=256, description="The ETag of the manifest that is read.")


class Checkpoint(Resource):
    """What is in the results for good. Everything after it is read and counted again by an operator that starts."""

    parts: int = Field(default=0, ge=0, description="Parts that are written.")
    position: Position = Field(default=Position(), description="Where the next part begins.")
    counts: BatchCounts = Field(default=BatchCounts(), description="What is in those parts.")


class FailedLine(Resource):
    """A line of a manifest that is not analysed."""

    line: int = Field(ge=1, description="Its number, from 1.")
    reason: str = Field(max_length=63, description="Why, in one CamelCase word.")


class BatchStatus(Resource):
    """The state of the batch. Only the operator writes it."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that this reflects."
    )
    counts: BatchCounts = Field(default=BatchCounts(), description="Recordings that have come to their end.")
    total: int | None = Field(default=None, ge=0, description="Recordings in all. Absent until they are counted.")
    running: int = Field(default=0, ge=0, description="Recordings with an unfinished AnalysisRequest.")
    progress: int = Field(default=0, ge=0, le=100, description="Per cent done, once the recordings are counted.")
    per_minute: int | None = Field(
        default=None, ge=0, description="Recordings that came to their end in a minute, over the last five."
    )
    estimated_end: datetime | None = Field(default=None, description="When the batch will end, at that rate.")
    started_at: datetime | None = Field(default=None, description="When work started.")
    finished_at: datetime | None = Field(default=None, description="When the batch finished.")
    results_uri: str | None = Field(
        default=None, max_length=1200, description="Where the results are: part-000000.jsonl and so on, one line each."
    )
    failed_lines: list[FailedLine] = Field(
        default=[],
        max_length=MOST_FAILED_LINES,
        description="The first lines of the manifest that cannot be analysed; all of them are in the results.",
    )
    checkpoint: Checkpoint = Field(
        default=Checkpoint(), description="What is in the results; for the operator that goes on."
    )
    stop_reason: str = Field(default="", max_length=63, description="Why the batch ends before its last recording.")
    stop_message: str = Field(default="", max_length=300, description="The same, in a sentence.")
    conditions: list[Condition] = Field(
        default=[],
        max_length=8,
        description="Accepted, Suspended, Complete, Failed, Finished, Reconciling, Stalled, Notified.",
        json_schema_extra=CONDITION_LIST,
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of one type, or None."""
        return next((condition for condition in self.conditions if condition.type is kind), None)

    @property
    def finished(self) -> bool:
        """Whether the batch has ended; from then on only its deletion is left."""
        return self.finished_at is not None

    @property
    def unsent(self) -> bool:
        """Whether a subscriber does not have the event about its end yet."""
        condition = self.condition(ConditionType.NOTIFIED)
        return condition is not None and condition.status == "Unknown"


class AnalysisBatch(Resource):
    """Analyses many recordings, and writes what became of them to S3; the status says how far that is."""

    metadata: Metadata
    spec: BatchSpec
    status: BatchStatus = BatchStatus()
