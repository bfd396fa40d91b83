"""AnalysisRequest: what is asked, and what is known."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
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
from analyzer_contract import Verdict
from guardian_service.s3 import MOST_CHARACTERS, OBJECT_PATTERN

_S3_URI = Matches(
    OBJECT_PATTERN,
    "name one S3 object as s3://BUCKET/KEY, for example s3://media/calls/2026-11-01.wav",
)
_ANALYZER_NAME = Matches(
    r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
    "name an Analyzer, in lower-case letters, digits and dashes, for example audio: kubectl get analyzers -A",
)


class Source(Resource):
    """The recording: one S3 object."""

    uri: Annotated[str, _S3_URI] = Field(max_length=MOST_CHARACTERS, description="The object, as s3://BUCKET/KEY.")
    version_id: str | None = Field(
        default=None,
        max_length=1024,
        description="A version of the object in a versioned bucket. Without it the version current when work starts.",
    )


class Callback(Resource):
    """Who waits for the end: a task of AWS Step Functions."""

    # Whoever has the token can answer for us: it is in no representation, so that no log shows it.
    task_token: str = Field(
        min_length=1,
        max_length=2048,
        repr=False,
        description="The token of a task that waits, by .waitForTaskToken or as an activity. It is answered once: "
        "SendTaskSuccess with the verdict, or SendTaskFailure. The condition CallbackDelivered tells. "
        "Whoever may read the request may read the token.",
    )


class RequestSpec(Resource):
    """What to analyse, and how patient to be. Immutable, except cancel and priority."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                *(
                    rule(
                        f"self.{field} == oldSelf.{field}",
                        f"spec.{field} cannot change: create another AnalysisRequest",
                    )
                    for field in (
                        "source",
                        "analyzers",
                        "timeoutSeconds",
                        "maxAttempts",
                        "ttlSecondsAfterFinished",
                    )
                ),
                rule(
                    "has(self.callback) == has(oldSelf.callback) && "
                    "(!has(self.callback) || self.callback == oldSelf.callback)",
                    "spec.callback cannot change: create another AnalysisRequest",
                ),
                rule(
                    "self.cancel || !oldSelf.cancel",
                    "a cancelled request stays so: create another AnalysisRequest",
                ),
            ]
        }
    )

    source: Source
    analyzers: list[Annotated[str, _ANALYZER_NAME, Field(max_length=40)]] = Field(
        default=["audio", "video"],
        min_length=1,
        max_length=8,
        description="Names of Analyzers in the operator's namespace.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    priority: int = Field(
        default=0,
        ge=-1000,
        le=1000,
        description="Higher goes first; equal ones share fairly between namespaces.",
    )
    timeout_seconds: int = Field(
        default=120, ge=1, le=3600, description="How long one attempt of one analysis may run."
    )
    max_attempts: int = Field(
        default=3, ge=1, le=10, description="Attempts per analysis. Lost pods and refused media spend none."
    )
    ttl_seconds_after_finished: int = Field(
        default=604_800,
        ge=0,
        le=315_360_000,
        description="The request is deleted this long after it finished.",
    )
    cancel: bool = Field(default=False, description="Set to true to stop the work. It cannot be undone.")
    callback: Callback | None = Field(default=None, description="Who is told the outcome, beside the status.")


class AnalysisState(StrEnum):
    """Where one analysis stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"

    @property
    def finished(self) -> bool:
        """Whether it will never change again."""
        return self in {AnalysisState.SUCCEEDED, AnalysisState.FAILED, AnalysisState.SKIPPED}


class StatusFinding(Resource):
    """One piece of evidence and the stretch of the recording that it is about."""

    kind: str = Field(max_length=63, description="What was found, in CamelCase.")
    start_seconds: int = Field(ge=0, description="Start of the stretch, rounded down.")
    end_seconds: int = Field(ge=0, description="End of the stretch, rounded up.")
    score: int = Field(ge=0, le=100, description="How strongly this speaks against the recording.")


class AnalysisStatus(Resource):
    """One analyzer's part of the request."""

    name: str = Field(max_length=40, description="The Analyzer.")
    state: AnalysisState = Field(default=AnalysisState.PENDING, description="Where it stands.")
    verdict: Verdict | None = Field(default=None, description="What this analyzer's evidence says.")
    score: int | None = Field(default=None, ge=0, le=100, description="0: nothing found, 100: the strongest evidence.")
    attempts: int = Field(default=0, ge=0, description="Attempts that ended, well or badly.")
    disruptions: int = Field(default=0, ge=0, description="Attempts lost with their pod; they cost nothing.")
    progress: int = Field(default=0, ge=0, le=100, description="Per cent done.")
    pod: str | None = Field(default=None, max_length=253, description="The pod that works or last worked on it.")
    started_at: datetime | None = Field(default=None, description="Start of the current or last attempt.")
    finished_at: datetime | None = Field(default=None, description="When it reached its final state.")
    retry_at: datetime | None = Field(default=None, description="No new attempt before this time.")
    reason: str = Field(default="", max_length=63, description="Why, in one CamelCase word.")
    message: str = Field(default="", max_length=400, description="Why, in a sentence that says what to do.")
    findings: list[StatusFinding] = Field(default=[], max_length=5, description="The strongest evidence.")
    result_uri: str | None = Field(default=None, max_length=1200, description="The full result, as JSON.")


class PinnedSource(Resource):
    """The exact object that was analysed, the same for every analysis."""

    etag: str = Field(max_length=256, description="Its ETag.")
    version_id: str | None = Field(default=None, max_length=1024, description="Its version, in a versioned bucket.")
    size_bytes: int = Field(ge=0, description="Its size.")


class RequestStatus(Resource):
    """What is known. Written by the operator alone."""

    observed_generation: int | None = Field(default=None, ge=0, description="The spec that this speaks of.")
    verdict: Verdict | None = Field(
        default=None, description="LikelyFake, Suspicious, NoEvidence or Inconclusive. It never says genuine."
    )
    score: int | None = Field(default=None, ge=0, le=100, description="0: nothing found, 100: the strongest evidence.")
    progress: int = Field(default=0, ge=0, le=100, description="Per cent done.")
    started_at: datetime | None = Field(default=None, description="When work first started.")
    finished_at: datetime | None = Field(default=None, description="When the request finished.")
    duration: str = Field(default="", max_length=20, description="From creation to the end, for people.")
    report_uri: str | None = Field(default=None, max_length=1200, description="The report, a page for people.")
    source: PinnedSource | None = Field(default=None, description="The exact object that was analysed.")
    analyses: list[AnalysisStatus] = Field(
        default=[],
        max_length=8,
        description="One entry for each analyzer.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    conditions: list[Condition] = Field(
        default=[],
        max_length=8,
        description="Succeeded, Finished, Reconciling, Stalled, CallbackDelivered.",
        json_schema_extra=CONDITION_LIST,
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Give the condition of one type, or None."""
        return next((found for found in self.conditions if found.type is kind), None)

    def analysis(self, name: str) -> AnalysisStatus | None:
        """Give one analyzer's entry, or None."""
        return next((found for found in self.analyses if found.name == name), None)

    @property
    def finished(self) -> bool:
        """Whether the verdict is written: from then on nothing changes."""
        found = self.condition(ConditionType.FINISHED)
        return found is not None and found.status == "True"


class AnalysisRequest(Resource):
    """Asks whether one recording is real; the verdict, with its evidence, appears in the status."""

    metadata: Metadata
    spec: RequestSpec
    status: RequestStatus = RequestStatus()
