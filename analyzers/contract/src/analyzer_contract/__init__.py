"""The analyzer HTTP contract, v1: what the operator sends and what an analyzer answers.

``POST /v1/analyses`` takes an :class:`AnalysisJob`. With ``Accept: application/x-ndjson`` the answer is a
stream of lines: any number of :class:`Progress`, at least one every two seconds, then exactly one
:class:`Result` or :class:`Failure`, or :class:`Unchanged` for a job that names an earlier result. With
``Accept: application/json`` it waits and answers that last one.
Closing the connection cancels the work. With ``Guardian-Keep: SECONDS`` the work of a stream goes on for so long, and
the same job, posted again, is the same work; ``POST /v1/cancellations`` (a :class:`Cancellation`) stops it at once.
429 with ``Retry-After``: every slot is taken. 503: draining. Problems before the stream starts are RFC 9457
``application/problem+json``.

Within v1, jobs and answers only ever gain optional fields, and a job without one has to mean what it meant before.
Who reads leaves out what it does not know (:class:`Lenient`) and takes what is missing as not stated, so that either
side may be upgraded first. What is written has exactly the fields of the published schema.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from analyzer_contract.credentials import Action as Action
from analyzer_contract.credentials import Credential as Credential
from analyzer_contract.credentials import Credentials as Credentials
from analyzer_contract.credentials import CredentialState as CredentialState
from analyzer_contract.failures import FailureKind as FailureKind
from analyzer_contract.failures import FailureReason as FailureReason
from analyzer_contract.known import Fingerprint as Fingerprint
from analyzer_contract.known import Known as Known
from analyzer_contract.known import KnownContent as KnownContent
from analyzer_contract.spoken import MOST_TURNS as MOST_TURNS
from analyzer_contract.spoken import Mark as Mark
from analyzer_contract.spoken import SpokenTurn as SpokenTurn
from analyzer_contract.verdict import LEAST_EXAMINED as LEAST_EXAMINED
from analyzer_contract.verdict import SEVERITY as SEVERITY
from analyzer_contract.verdict import SUSPICIOUS_FROM as SUSPICIOUS_FROM
from analyzer_contract.verdict import Verdict as Verdict
from analyzer_contract.verdict import counted as counted
from analyzer_contract.wire import Answer as Answer
from analyzer_contract.wire import Lenient as Lenient
from analyzer_contract.wire import Sha256 as Sha256
from analyzer_contract.wire import Wire as Wire
from analyzer_contract.wire import camel as camel
from guardian_service.s3 import S3Folder, S3Object

MEDIA_TYPE_STREAM = "application/x-ndjson"
HEARTBEAT_SECONDS = 2.0
"""Longest silence on a stream: a progress line is repeated when nothing else happened."""
KEEP_HEADER = "Guardian-Keep"
LONGEST_KEEP_SECONDS = 60.0
_JOB_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
MOST_FINDINGS, MOST_POINTS = 1_000, 20_000
"""Of all detectors of a result together, findings and stretches of their timelines: a report shows 60 and 250."""
MOST_DETECTORS = 20
MOST_LIMITATIONS = 20
"""Of one detector."""
MOST_GAPS = 10
"""Sentences about what was not examined."""
MAX_SECONDS = 1e9
"""Every number and text has a bound: a status that holds them must never be refused by the API server."""
PLOT_WIDTH = 1200
PLOT_MARGINS = (70, 64, 20, 40)
"""Of <analyzer>.png, in pixels; left, top, right, bottom. Between the left and the right margin lies the recording's
whole length, so that a report can lay scores over it. A PNG of another width is shown unchanged."""


class SourceObject(Lenient):
    """An S3 object, pinned as far as the caller can: by version, by ETag, by its content, or not at all."""

    uri: S3Object
    version_id: str | None = Field(default=None, max_length=1024)
    etag: str | None = Field(default=None, max_length=256)
    sha256: Sha256 | None = Field(
        default=None, description="Of its content. It is checked: an object with another content is not analysed."
    )


class SourceFacts(Answer):
    """What S3 said about the object that was read; the same for every analysis of one request."""

    etag: str = Field(max_length=256)
    version_id: str | None = Field(default=None, max_length=1024)
    size_bytes: int = Field(ge=0, le=2**53)
    sha256: Sha256 | None = Field(
        default=None, description="Of its content, if the job states it and it was found to be so."
    )


class AnalysisJob(Lenient):
    """One unit of work: one analyzer, one object."""

    id: str = Field(pattern=_JOB_ID, description="Names the work in logs and results.")
    source: SourceObject
    deadline_seconds: float = Field(default=120, gt=0, le=3600)
    result_prefix: S3Folder | None = Field(
        default=None,
        description="Where <analyzer>.json and .png go; it ends with a slash. Nothing is uploaded without it.",
    )
    known: Known | None = Field(
        default=None,
        description="If the object and the fingerprint are still these, `unchanged` may be answered without analysing.",
    )
    known_content: KnownContent | None = Field(
        default=None,
        description="The same for the content, whichever object had it: once it is checked to have this SHA-256.",
    )


class Cancellation(Lenient):
    """Which job is not wanted any more."""

    id: str = Field(pattern=_JOB_ID, description="Of the job.")


class Finding(Answer):
    """One piece of evidence, with the stretch of the recording that it is about."""

    kind: str = Field(pattern=r"^[A-Z][A-Za-z0-9]{2,62}$", description="CamelCase, e.g. DuplicatedFrames.")
    start_seconds: float = Field(ge=0, le=MAX_SECONDS)
    end_seconds: float = Field(ge=0, le=MAX_SECONDS)
    score: int = Field(ge=0, le=100, description="How strongly this speaks against the recording, 0-100.")
    message: str = Field(default="", max_length=300, description="One plain sentence with the measured values.")


class ModelCard(Answer):
    """Which detector said it, exactly."""

    id: str = Field(max_length=100)
    version: str = Field(max_length=50)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$", description="Of the weights, if it has any.")
    eval_card: str | None = Field(default=None, max_length=300)


class TimelinePoint(Answer):
    """A score over one stretch of time, for plots."""

    start_seconds: float = Field(ge=0, le=MAX_SECONDS)
    end_seconds: float = Field(ge=0, le=MAX_SECONDS)
    score: float = Field(ge=0, le=100)


class MediaFacts(Answer):
    """What was decoded."""

    container: str = ""
    codec: str = ""
    duration_seconds: float = Field(default=0, ge=0)
    sample_rate: int | None = None
    channels: int | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    frames_per_second: float | None = None


class DetectorReport(Answer):
    """One detector's answer: a score, the evidence, and what it cannot say."""

    name: str = Field(max_length=60)
    score: int = Field(ge=0, le=100)
    claim: Verdict | None = Field(
        default=None,
        description="What it says by itself: a verdict for which its errors were measured, or that it could not look. "
        "Without one, its score speaks.",
    )
    reference_percentile: float | None = Field(
        default=None, ge=0, le=100, description="Share of genuine reference recordings that score lower, in per cent."
    )
    findings: list[Finding] = Field(default_factory=list, max_length=200)
    limitations: list[str] = Field(default_factory=list, max_length=MOST_LIMITATIONS)
    timeline: list[TimelinePoint] = Field(default_factory=list, max_length=20_000)
    credentials: Credentials | None = Field(default=None, description="What the file says of itself, if it was read.")
    model: ModelCard


def left_out(limitations: Sequence[str], count: int) -> list[str]:
    """Return the limitations of a detector of whose findings some are left out, which is one more."""
    said = f"{count:,} weaker findings are left out: a result holds {MOST_FINDINGS:,}."
    return [*limitations[: MOST_LIMITATIONS - 1], said]


ExaminedShare = Annotated[
    float, Field(ge=0, le=1, description="Share of the sound, or of the picture, that was examined.")
]


def whole_percent(share: float) -> int:
    """Return a share, 0 to 1, in whole per cent, rounded down: 100 only if it is all."""
    return math.floor(round(100 * share, 6))


Gaps = Annotated[
    list[Annotated[str, Field(max_length=300)]],
    Field(max_length=MOST_GAPS, description="What was not examined, and why, one plain sentence each."),
]


class TranscriptObject(Answer):
    """A transcript in S3 that was read, apart from the recording and from this result."""

    uri: S3Object
    etag: str | None = Field(default=None, max_length=256, description="Of what was read. None: kept by the analyzer.")
    version_id: str | None = Field(default=None, max_length=1024, description="Its version, in a versioned bucket.")


class AnalysisReport(Answer):
    """The whole result, uploaded as <prefix><analyzer>.json."""

    schema_version: Literal["v1"] = "v1"
    id: str
    analyzer: str
    source: SourceFacts
    media: MediaFacts
    verdict: Verdict
    score: int = Field(ge=0, le=100)
    summary: str = Field(max_length=500, description="Plain words for a person.")
    examined_share: ExaminedShare | None = None
    unexamined: Gaps = Field(default_factory=list)
    detectors: list[DetectorReport]
    transcript: list[SpokenTurn] = Field(
        default_factory=list, max_length=MOST_TURNS, description="What is said, if that was looked at and is kept."
    )
    transcript_source: TranscriptObject | None = Field(
        default=None, description="Where the transcript lies, if it was sent along or is kept for other requests."
    )
    seconds: dict[str, float] = Field(default_factory=dict, description="Wall-clock seconds by stage.")


class Progress(Answer):
    """A line of the stream while work goes on."""

    type: Literal["progress"] = "progress"
    stage: str = Field(max_length=60)
    fraction: float = Field(ge=0, le=1)
    source: SourceFacts | None = Field(default=None, description="As soon as it is known, so that others can pin it.")


class Result(Answer):
    """The last line of a stream that has a verdict; small, because it goes into a resource's status."""

    type: Literal["result"] = "result"
    verdict: Verdict
    score: int = Field(ge=0, le=100)
    summary: str = Field(default="", max_length=500)
    examined_share: ExaminedShare | None = None
    unexamined: Gaps = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list, max_length=10, description="The strongest ones, by score.")
    source: SourceFacts
    result_uri: str | None = Field(default=None, max_length=1200)
    result_sha256: Sha256 | None = Field(default=None, description="Of that object: who changes it later is found out.")
    fingerprint: Fingerprint | None = Field(
        default=None, description="Without it the same object, analysed again, may have another result."
    )
    seconds: float = Field(ge=0, description="The analyzer's own wall-clock time, without waiting for a slot.")


class Unchanged(Answer):
    """The last line of a stream for a job whose `known` result would be the same again: nothing was analysed."""

    type: Literal["unchanged"] = "unchanged"
    source: SourceFacts
    fingerprint: Fingerprint


class Failure(Answer):
    """The last line of a stream that has none."""

    type: Literal["error"] = "error"
    kind: FailureKind
    reason: FailureReason
    message: str = Field(max_length=1000, description="What happened and what to do about it, in one or two sentences.")
    seconds: float = Field(default=0, ge=0)


Outcome = Result | Unchanged | Failure
"""What a stream ends with."""

Event = Annotated[Progress | Outcome, Field(discriminator="type")]
EVENT: TypeAdapter[Progress | Outcome] = TypeAdapter(Event)
"""Parses one line of the stream. Raises pydantic.ValidationError for anything else."""
