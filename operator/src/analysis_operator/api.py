"""The custom resources of group silverguardian.io, as pydantic models; the CRDs are generated from here.

Names on the wire are camelCase. Times are RFC 3339 in UTC. There are no floats: the API conventions avoid them.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from analyzer_contract import Verdict

GROUP = "silverguardian.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

S3_URI_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$"
S3_URI_HINT = "name one S3 object as s3://BUCKET/KEY, for example s3://media/calls/2026-11-01.wav"
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join("URI" if part == "uri" else part.capitalize() for part in tail)


class Resource(BaseModel):
    """Base of every model here: camelCase on the wire, unknown fields left to the API server's pruning."""

    model_config = ConfigDict(frozen=True, alias_generator=_camel, populate_by_name=True)


def rule(expression: str, message: str) -> JsonDict:
    """Give one CEL validation rule for the generated schema, with the sentence that a refused user reads."""
    return {"rule": expression, "message": message}


def _s3_uri(value: str) -> str:
    if not re.fullmatch(S3_URI_PATTERN, value):
        raise ValueError(S3_URI_HINT)
    return value


# ---------------------------------------------------------------- AnalysisRequest


class Source(Resource):
    """The recording: one S3 object."""

    uri: Annotated[str, AfterValidator(_s3_uri)] = Field(
        max_length=1100,
        description="The object, as s3://BUCKET/KEY.",
        json_schema_extra={
            "x-kubernetes-validations": [rule(f"self.matches(r'{S3_URI_PATTERN}')", S3_URI_HINT)],
        },
    )
    version_id: str | None = Field(
        default=None,
        max_length=1024,
        description="A version of the object in a versioned bucket. Without it the version current when work starts.",
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
                    "self.cancel || !oldSelf.cancel",
                    "a cancelled request stays so: create another AnalysisRequest",
                ),
            ]
        }
    )

    source: Source
    analyzers: list[Annotated[str, Field(pattern=NAME_PATTERN, max_length=40)]] = Field(
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


class ConditionType(StrEnum):
    """The conditions that this operator writes."""

    SUCCEEDED = "Succeeded"
    FINISHED = "Finished"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    READY = "Ready"


class Condition(Resource):
    """A condition by the Kubernetes API conventions."""

    type: ConditionType = Field(description="What this is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(min_length=1, max_length=63, description="Why, in one CamelCase word.")
    message: str = Field(default="", max_length=600, description="Why, in a sentence.")
    last_transition_time: datetime = Field(description="When status last changed.")
    observed_generation: int | None = Field(default=None, ge=0, description="The spec that this speaks of.")


class PinnedSource(Resource):
    """The exact object that was analysed, the same for every analysis."""

    etag: str = Field(max_length=256, description="Its ETag.")
    version_id: str | None = Field(default=None, max_length=1024, description="Its version, in a versioned bucket.")
    size_bytes: int = Field(ge=0, description="Its size.")


_CONDITIONS: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


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
        description="Succeeded, Finished, Reconciling, Stalled.",
        json_schema_extra=_CONDITIONS,
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


class Metadata(Resource):
    """The parts of ObjectMeta that decisions need."""

    name: str
    namespace: str = "default"
    uid: str = ""
    resource_version: str = ""
    generation: int = 1
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class AnalysisRequest(Resource):
    """Asks whether one recording is real; the verdict, with its evidence, appears in the status."""

    metadata: Metadata
    spec: RequestSpec
    status: RequestStatus = RequestStatus()


# ---------------------------------------------------------------- Analyzer


class SecretKey(Resource):
    """One key of a Secret in the operator's namespace."""

    name: str = Field(max_length=253, description="The Secret.")
    key: str = Field(max_length=253, description="The key in it.")


class EnvVar(Resource):
    """One environment variable: a value, or a key of a Secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("has(self.value) != has(self.secretKey)", "give either value or secretKey, and not both")
            ]
        }
    )

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,62}$", description="Its name.")
    value: str | None = Field(default=None, max_length=2000, description="Its value.")
    secret_key: SecretKey | None = Field(default=None, description="Where its value is kept.")


class Toleration(Resource):
    """A taint that the pods tolerate."""

    key: str = Field(max_length=253, description="The taint's key.")
    operator: Literal["Equal", "Exists"] = Field(default="Equal", description="How value is compared.")
    value: str = Field(default="", max_length=63, description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        default="NoSchedule", description="Its effect."
    )


class Quantities(Resource):
    """Amounts of CPU and memory, as Kubernetes writes them."""

    cpu: str = Field(default="1", pattern=r"^[0-9]+(\.[0-9]+)?m?$", description="For example 500m or 2.")
    memory: str = Field(default="1Gi", pattern=r"^[0-9]+(Mi|Gi)$", description="For example 512Mi or 2Gi.")


class Resources(Resource):
    """What one pod is promised, and what it may use at most."""

    requests: Quantities = Field(default=Quantities(cpu="500m", memory="512Mi"), description="Promised.")
    limits: Quantities = Field(default=Quantities(cpu="2", memory="2Gi"), description="At most.")


class AnalyzerSpec(Resource):
    """A pool of warm pods that speak the analyzer contract, v1."""

    image: str = Field(min_length=1, max_length=500, description="The analyzer's image.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When the image is pulled."
    )
    port: int = Field(default=8000, ge=1024, le=65535, description="The port that the contract is served on.")
    concurrency: int = Field(default=1, ge=1, le=64, description="Analyses at a time in one pod.")
    replicas: int = Field(default=1, ge=0, le=100, description="The pool's fixed size.")
    resources: Resources = Field(default=Resources(), description="CPU and memory of one pod.")
    node_selector: dict[str, str] = Field(default={"workload": "ml"}, description="Labels that the pods' nodes have.")
    tolerations: list[Toleration] = Field(
        default=[Toleration(key="workload", value="ml")],
        max_length=10,
        description="Taints that the pods tolerate.",
    )
    service_account_name: str | None = Field(
        default=None, max_length=253, description="A ServiceAccount of your own. Without it one is made."
    )
    env: list[EnvVar] = Field(
        default=[],
        max_length=50,
        description="Environment variables, for example AWS_REGION.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class AnalyzerStatus(Resource):
    """How the pool does. Written by the operator alone."""

    observed_generation: int | None = Field(default=None, ge=0, description="The spec that this speaks of.")
    replicas: int = Field(default=0, ge=0, description="Pods.")
    ready_replicas: int = Field(default=0, ge=0, description="Pods that take work.")
    queued: int = Field(default=0, ge=0, description="Analyses that wait.")
    running: int = Field(default=0, ge=0, description="Analyses that run.")
    conditions: list[Condition] = Field(default=[], max_length=8, description="Ready.", json_schema_extra=_CONDITIONS)


class Analyzer(Resource):
    """A detector: one image and how many warm pods of it there are."""

    metadata: Metadata
    spec: AnalyzerSpec
    status: AnalyzerStatus = AnalyzerStatus()
