"""AnalysisRequest: what to analyse."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from analysis_operator.api.base import (
    Matches,
    Metadata,
    RefusedIf,
    Resource,
    rule,
)
from analysis_operator.api.request_status import RequestStatus
from guardian_service.s3 import DOTS_PATTERN, HIDING_PATTERN, MOST_CHARACTERS, OBJECT_PATTERN, re2

_S3_URI = Matches(
    OBJECT_PATTERN,
    "name one S3 object as s3://BUCKET/KEY, for example s3://media/calls/2026-11-01.wav",
)
NO_DOTS = RefusedIf(DOTS_PATTERN, "name an object without . or .. between slashes")
NOT_HIDING = RefusedIf(
    re2(HIDING_PATTERN),
    "name an object without control characters and without those that turn the direction of writing",
)
_ANALYZER_NAME = Matches(
    r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
    "name an Analyzer, in lower-case letters, digits and dashes, for example audio: kubectl get analyzers -A",
)

_SHA256 = Matches(
    r"^[0-9a-f]{64}$",
    "give a SHA-256 as sha256sum prints it: 64 hexadecimal digits, in lower case",
)

ObjectURI = Annotated[str, _S3_URI, NO_DOTS, NOT_HIDING, Field(max_length=MOST_CHARACTERS)]
AnalyzerName = Annotated[str, _ANALYZER_NAME, Field(max_length=40)]


EXPIRES_COLUMN = "Expires"
"""The column of the API server's tables with ``status.expiresAt``."""
NOTIFIED_COLUMN = "Notified"
"""The column with the status of the condition Notified."""


class Source(Resource):
    """The recording: one S3 object."""

    uri: ObjectURI = Field(description="The object, as s3://BUCKET/KEY.")
    version_id: str | None = Field(
        default=None,
        max_length=1024,
        description="A version of the object in a versioned bucket. Default: the current version when work starts.",
    )
    sha256: Annotated[str, _SHA256, Field(max_length=64)] | None = Field(
        default=None,
        description="The SHA-256 of its content. An object with another content is not analysed (SourceMismatch); a "
        "result for the same content, whichever object had it, counts in this namespace.",
    )


class TokenSecret(Resource):
    """A Secret in the request's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Its name.")
    key: str = Field(default="token", min_length=1, max_length=253, description="The key in it that holds the token.")


class Callback(Resource):
    """The task of AWS Step Functions that waits for the end of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("has(self.taskToken) != has(self.taskTokenSecret)", "give either taskToken or taskTokenSecret")
            ]
        }
    )

    # Anyone who has the token can answer in our place, so it is in no representation and in no log.
    task_token: str | None = Field(
        default=None,
        min_length=1,
        max_length=2048,
        repr=False,
        description="The token of a waiting task, from .waitForTaskToken or an activity. It is answered once: "
        "SendTaskSuccess with the verdict, or SendTaskFailure. The condition CallbackDelivered says how that went. "
        "Anyone with read access to the request can read the token.",
    )
    task_token_secret: TokenSecret | None = Field(
        default=None,
        description="A Secret that holds the token instead. It is read when the answer is due, which the operator's "
        "ServiceAccount has to be allowed in this namespace: get, of this one Secret.",
    )


class RequestSpec(Resource):
    """What to analyse, and within which limits. Immutable, except cancel, priority and suspend."""

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
                        "refresh",
                        "ttlSecondsAfterFinished",
                    )
                ),
                *(
                    rule(
                        f"has(self.{field}) == has(oldSelf.{field}) && "
                        f"(!has(self.{field}) || self.{field} == oldSelf.{field})",
                        f"spec.{field} cannot change: create another AnalysisRequest",
                    )
                    for field in ("callback", "deadlineSeconds")
                ),
                rule(
                    "self.cancel || !oldSelf.cancel",
                    "a cancelled request stays so: create another AnalysisRequest",
                ),
            ]
        }
    )

    source: Source
    analyzers: list[AnalyzerName] = Field(
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
        description="Higher ones of a namespace run first; between namespaces the pods are shared fairly, without it.",
    )
    timeout_seconds: int = Field(
        default=120, ge=1, le=3600, description="Seconds that one attempt of one analysis may run."
    )
    deadline_seconds: int | None = Field(
        default=None,
        ge=1,
        le=31_536_000,
        description="Seconds from its creation within which the request has to end, all waiting included. What has no "
        "result by then fails with DeadlineExceeded. Default: it waits for as long as it takes.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Attempts per analysis. Attempts lost with their pod do not count.",
    )
    ttl_seconds_after_finished: int = Field(
        default=604_800,
        ge=0,
        le=315_360_000,
        description="Seconds after its end at which the request is deleted.",
    )
    refresh: bool = Field(
        default=False,
        description="Have the recording analysed even if an earlier result for it could be adopted.",
    )
    suspend: bool = Field(
        default=False,
        description="While it is true nothing runs for the request, and what ran was stopped and begins again later.",
    )
    cancel: bool = Field(default=False, description="Set to true to stop the work. This cannot be undone.")
    callback: Callback | None = Field(default=None, description="A waiting task to send the outcome to.")


class AnalysisRequest(Resource):
    """Asks whether one recording is real; the verdict and its evidence appear in the status."""

    metadata: Metadata
    spec: RequestSpec
    status: RequestStatus = RequestStatus()
