"""The state of an AnalysisRequest, and of each analyzer's part of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from analysis_operator.api.base import CONDITION_LIST, Condition, ConditionType, Resource, rule
from analyzer_contract import LEAST_EXAMINED, Verdict


class AnalysisState(StrEnum):
    """The state of one analysis."""

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
    """One piece of evidence, and the stretch of the recording that it is in."""

    kind: str = Field(max_length=63, description="What was found, in CamelCase.")
    start_seconds: int = Field(ge=0, description="Start of the stretch, rounded down.")
    end_seconds: int = Field(ge=0, description="End of the stretch, rounded up.")
    score: int = Field(ge=0, le=100, description="How strong the evidence is, 0 to 100.")


class CachedFrom(Resource):
    """The request whose result was adopted; it may be deleted by now."""

    name: str = Field(max_length=253, description="Its name, in the same namespace.")
    uid: str = Field(max_length=64, description="Its UID.")
    finished_at: datetime = Field(description="When its analysis ended.")


class AnalysisStatus(Resource):
    """One analyzer's part of the request."""

    name: str = Field(max_length=40, description="The Analyzer.")
    state: AnalysisState = Field(default=AnalysisState.PENDING, description="Its state.")
    verdict: Verdict | None = Field(default=None, description="The verdict from this analyzer's evidence.")
    score: int | None = Field(default=None, ge=0, le=100, description="0: nothing found, 100: the strongest evidence.")
    examined_share: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Per cent of the sound, or of the picture, that was examined, rounded down. Absent: not stated.",
    )
    attempts: int = Field(default=0, ge=0, description="Attempts that ended by themselves, with a result or not.")
    disruptions: int = Field(
        default=0,
        ge=0,
        description="How often its pod, or the operator that followed it, was lost; not counted as attempts.",
    )
    progress: int = Field(default=0, ge=0, le=100, description="Per cent done.")
    pod: str | None = Field(default=None, max_length=253, description="The pod of the current or last attempt.")
    started_at: datetime | None = Field(default=None, description="Start of the current or last attempt.")
    finished_at: datetime | None = Field(default=None, description="When it reached its final state.")
    retry_at: datetime | None = Field(default=None, description="No new attempt before this time.")
    storage_fails_since: datetime | None = Field(
        default=None, description="Since when S3 makes its runs fail. For ten minutes these are no attempts."
    )
    reason: str = Field(default="", max_length=63, description="Why, in one CamelCase word.")
    message: str = Field(default="", max_length=400, description="Why, in a sentence that says what to do.")
    findings: list[StatusFinding] = Field(default=[], max_length=5, description="The strongest evidence.")
    result_uri: str | None = Field(default=None, max_length=1200, description="The full result, as JSON.")
    result_sha256: str | None = Field(default=None, max_length=64, description="Of that file: guardian verify.")
    cached: bool = Field(
        default=False,
        description="Whether nothing was analysed: the same analyzer had a result for this object or its content.",
    )
    cached_from: CachedFrom | None = Field(default=None, description="Where that result comes from.")

    @property
    def blind(self) -> bool:
        """Whether it did not look at enough for its silence to mean anything; an older analyzer does not say."""
        share = self.examined_share
        return self.state is AnalysisState.FAILED or (share is not None and share < 100 * LEAST_EXAMINED)


class PinnedSource(Resource):
    """The exact object that was analysed, the same for every analysis."""

    etag: str = Field(max_length=256, description="Its ETag.")
    version_id: str | None = Field(default=None, max_length=1024, description="Its version, in a versioned bucket.")
    size_bytes: int = Field(ge=0, description="Its size.")


class RequestStatus(Resource):
    """The state of the request. Only the operator writes it."""

    # The last guard: whatever an operator that was suspended still writes, what people have read stays as it was.
    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule(
                    f"!has(oldSelf.{field}) || (has(self.{field}) && self.{field} == oldSelf.{field})",
                    f"status.{field} is written once",
                )
                for field in ("finishedAt", "verdict", "score", "expiresAt")
            ]
        }
    )

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that this reflects."
    )
    verdict: Verdict | None = Field(
        default=None, description="LikelyFake, Suspicious, NoEvidence or Inconclusive. It never says genuine."
    )
    score: int | None = Field(default=None, ge=0, le=100, description="0: nothing found, 100: the strongest evidence.")
    progress: int = Field(default=0, ge=0, le=100, description="Per cent done.")
    started_at: datetime | None = Field(default=None, description="When work first started.")
    finished_at: datetime | None = Field(default=None, description="When the request finished.")
    expires_at: datetime | None = Field(
        default=None,
        description="When the request will be deleted. It is there once nothing else is left to do for the request.",
    )
    duration: str = Field(default="", max_length=20, description="Time from creation to the end, for people.")
    report_uri: str | None = Field(default=None, max_length=1200, description="The report, a page for people.")
    report_sha256: str | None = Field(default=None, max_length=64, description="Of that page: guardian verify.")
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
        description="Succeeded, Finished, Reconciling, Stalled, CallbackDelivered, Notified.",
        json_schema_extra=CONDITION_LIST,
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of one type, or None."""
        return next((condition for condition in self.conditions if condition.type is kind), None)

    def analysis(self, name: str) -> AnalysisStatus | None:
        """Return the entry of one analyzer, or None."""
        return next((entry for entry in self.analyses if entry.name == name), None)

    @property
    def unsent(self) -> bool:
        """Whether a subscriber does not have the event about its end yet."""
        condition = self.condition(ConditionType.NOTIFIED)
        return condition is not None and condition.status == "Unknown"

    @property
    def finished(self) -> bool:
        """Whether the outcome is written; from then on it does not change."""
        condition = self.condition(ConditionType.FINISHED)
        return condition is not None and condition.status == "True"
