"""What to do about a reason, or about what a pool says is missing: docs/reasons.md in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable

from analysis_operator.errors import Reason
from analyzer_contract import FailureReason

_NOTHING = "Nothing has to be done."
_AGAIN = "Once that is fixed: kubectl guardian retry {name}"
_ADMINISTRATOR = "Ask the administrator of the installation"

FOR_REASON: dict[str, str] = {
    Reason.PENDING: "If this lasts, find out whether the operator runs: kubectl get pods -n {system}",
    Reason.QUEUED: "Nothing, or raise spec.priority to pass others of this namespace, or the pool's "
    "scaling.maxReplicas.",
    Reason.SCALING: "Nothing while a pod is starting.",
    Reason.SUSPENDED: "To let it run: kubectl guardian resume {name}",
    Reason.PAUSED: f"{_ADMINISTRATOR} to set spec.paused of the Analyzer to false.",
    Reason.RUNNING: _NOTHING,
    Reason.RETRYING: "Nothing: it is tried again by itself.",
    Reason.REPORTING: _NOTHING,
    Reason.COMPLETED: "To read the evidence: kubectl guardian report {name}",
    Reason.PARTIALLY_COMPLETED: "To read what was found: kubectl guardian report {name}",
    Reason.CANCELLED: "To have it analysed after all: kubectl guardian retry {name}",
    Reason.ANALYZER_NOT_FOUND: "Name Analyzers that exist (kubectl get analyzers -n {system}) in another request.",
    Reason.ANALYZER_FORBIDDEN: f"{_ADMINISTRATOR} to add it to operator.limits, or name others.",
    Reason.TOO_MANY_DISRUPTIONS: f"Look at the nodes and at the Analyzer's pods, which were lost again and again. "
    f"{_AGAIN}",
    Reason.POD_LOST: "Nothing; if it repeats, look at the nodes.",
    Reason.INTERRUPTED: "Nothing; if it repeats, find out why the operator restarts.",
    FailureReason.UNSUPPORTED_MEDIA: "Upload the recording itself (WAV, MP3, FLAC, Ogg, MP4, Matroska, AVI, …) and "
    "name that.",
    FailureReason.CORRUPT_MEDIA: "Upload it again, the upload may have been incomplete, and make another request.",
    FailureReason.ENCRYPTED_MEDIA: "Upload an unprotected recording.",
    FailureReason.MEDIA_TOO_LARGE: "Cut out the part in question and upload that.",
    FailureReason.NO_AUDIO_STREAM: "Name another analyzer: kubectl guardian submit URI --analyzers video",
    FailureReason.NO_VIDEO_STREAM: "Name another analyzer: kubectl guardian submit URI --analyzers audio",
    FailureReason.SOURCE_NOT_FOUND: "Check spec.source: no such bucket, key or version.",
    FailureReason.SOURCE_FORBIDDEN: f"{_ADMINISTRATOR}: bucket policy, pod identity, operator.grants.",
    FailureReason.SOURCE_CHANGED: "Make another request: kubectl guardian retry {name}",
    FailureReason.SOURCE_MISMATCH: "Upload the recording again, or state the SHA-256 that it has, in another request.",
    FailureReason.SOURCE_UNAVAILABLE: "S3 failed for ten minutes. Later: kubectl guardian retry {name}",
    FailureReason.RESULTS_UNAVAILABLE: f"Check the results bucket and the rights to it. {_AGAIN}",
    FailureReason.WORKER_CRASHED: "Look at the log: kubectl guardian logs {name}",
    FailureReason.OUT_OF_MEMORY: f"Raise resources.limits.memory of the Analyzer. {_AGAIN}",
    FailureReason.DEADLINE_EXCEEDED: "Make another request with more time (timeoutSeconds, deadlineSeconds).",
    FailureReason.INTERNAL_ERROR: "Look at the log: kubectl guardian logs {name}",
}

_FOR_MISSING = (
    (
        "has no node",
        "Add a node with the pool's labels and room for one pod, or free one: kubectl describe nodes. Where an "
        "autoscaler adds nodes: may the group grow?",
    ),
    (
        "image cannot be pulled",
        "Check the image's name and tag, and that the nodes may pull it: kubectl describe pods -n {system}",
    ),
    ("image is not on the node", "Put the image on the node, or let it be pulled (imagePullPolicy)."),
    ("image has an invalid name", "Correct spec.image of the Analyzer."),
    ("pods are refused", "Raise the quota that is quoted, or lower the pool's resources."),
    ("configuration is incomplete", "Make the Secret or key that the Analyzer's env names."),
    ("crashes at its start", "Read why: kubectl logs -n {system} -l silverguardian.io/analyzer={pool} --previous"),
    ("cannot be started", "Read why: kubectl describe pods -n {system} -l silverguardian.io/analyzer={pool}"),
    ("KEDA is not installed", "Install KEDA and metrics-server, or set spec.replicas of the Analyzer."),
    ("KEDA", "Look at what KEDA says: kubectl describe scaledobject,hpa -n {system}"),
    (
        "ready and refuse",
        "Look at network policies, and at the pod's log: kubectl logs -n {system} -l silverguardian.io/analyzer={pool}",
    ),
)
"""By what a message contains; the operator's own words, which a test compares."""


def for_reason(reason: str, *, name: str, system: str) -> str:
    """Return what to do about the reason of a request; an empty string for one that this version does not know."""
    return FOR_REASON.get(reason, "").format(name=name, system=system)


def for_missing(messages: Iterable[str], *, pool: str, system: str) -> list[str]:
    """Return what to do about what keeps the pods of a pool from work, once each."""
    found = []
    for message in messages:
        advice = next((advice for marker, advice in _FOR_MISSING if marker in message), "")
        if advice:
            found.append(advice.format(pool=pool, system=system))
    return list(dict.fromkeys(found))
