"""The reasons of conditions, and the errors that the operator raises.

OperatorError
├── Conflict      the object changed meanwhile: observe again
├── Gone          the object no longer exists
├── ApiUnavailable  the API server did not answer
│   ├── Rejected    it, or a webhook, does not accept this call
│   │   └── Forbidden  the caller has no right to it
│   └── NotLeading  another operator may lead by now: nothing was written
├── NoSecret      a key of a Secret is not to be had (kube/secrets.py)
├── LeaseLost     another operator may lead from now on
├── SourceTrouble  a list of recordings was not read (batches/sources.py)
├── StoreError    S3 did not give or take an object (report/store.py)
├── InvalidManifest  a manifest is not accepted (local/manifests.py)
├── CostUnknown   there is nothing to count a cost from (cli/cost.py)
├── ClusterError  a command about a cluster cannot do what it was asked for (cli/cluster/errors.py)
├── LocalError    the embedded runtime could not start or read something (local/errors.py)
└── DispatchError
    ├── Busy         every slot of the pod is taken (429)
    ├── Draining     the pod takes no new jobs (503)
    ├── Unreachable  no connection: the job was not started
    └── Lost         the stream broke: the pod, if it lives, keeps the work for half a minute
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Reason(StrEnum):
    """The operator's own condition reasons; where an analysis failed, the reason is the analyzer's FailureReason."""

    PENDING = "Pending"
    QUEUED = "Queued"
    SCALING = "Scaling"
    SUSPENDED = "Suspended"
    PAUSED = "Paused"
    RUNNING = "Running"
    RETRYING = "Retrying"
    REPORTING = "Reporting"
    COMPLETED = "Completed"
    PARTIALLY_COMPLETED = "PartiallyCompleted"
    CANCELLED = "Cancelled"
    ANALYZER_NOT_FOUND = "AnalyzerNotFound"
    ANALYZER_FORBIDDEN = "AnalyzerForbidden"
    SOURCE_FORBIDDEN = "SourceForbidden"
    SOURCE_CHANGED = "SourceChanged"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    TOO_MANY_DISRUPTIONS = "TooManyDisruptions"
    POD_LOST = "PodLost"
    INTERRUPTED = "Interrupted"
    DELIVERED = "Delivered"
    ALREADY_ANSWERED = "AlreadyAnswered"
    CALLBACK_NOT_DELIVERED = "CallbackNotDelivered"
    NOTIFICATION_NOT_DELIVERED = "NotificationNotDelivered"
    DELETED = "Deleted"
    ACCEPTED = "Accepted"
    STOPPING = "Stopping"
    TOO_MANY_FAILURES = "TooManyFailures"
    NO_RECORDINGS = "NoRecordings"
    NO_RESULTS_BUCKET = "NoResultsBucket"
    MANIFEST_UNREADABLE = "ManifestUnreadable"
    SOURCE_NOT_FOUND = "SourceNotFound"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    RESULTS_UNAVAILABLE = "ResultsUnavailable"
    MALFORMED_LINE = "MalformedLine"
    LINE_TOO_LONG = "LineTooLong"
    NAME_TAKEN = "NameTaken"


class OperatorError(Exception):
    """Base of the operator's errors."""


class Conflict(OperatorError):
    """The object changed since it was read."""


class Gone(OperatorError):
    """The object no longer exists, or another one has its name."""


class ApiUnavailable(OperatorError):
    """The API server refused or did not answer; the same call may work later."""


class Rejected(ApiUnavailable):
    """The API server, or a webhook, rejects this call; the message says why."""


class Forbidden(Rejected):
    """The caller has no right to this call."""


class NotLeading(ApiUnavailable):
    """Nothing is written: another operator may lead by now, perhaps since this process was suspended."""


class LeaseLost(OperatorError):
    """This operator must stop at once: another may lead from now on."""


class DispatchError(OperatorError):
    """A pod did not take the job, or did not finish it."""


class Busy(DispatchError):
    """Every slot is taken, perhaps by unattended work: jobs that an earlier operator gave."""

    def __init__(self, retry_after: float, unattended: Sequence[str] = ()) -> None:
        super().__init__(f"busy, try again in {retry_after:g} s")
        self.retry_after = retry_after
        self.unattended = unattended


class Draining(DispatchError):
    """The pod takes no new jobs."""


class Unreachable(DispatchError):
    """There was no connection, so the job was not started."""


class Lost(DispatchError):
    """The stream ended without a result."""
