"""Why an analysis has no verdict, and who is at fault."""

from __future__ import annotations

from enum import StrEnum


class FailureKind(StrEnum):
    """Who is at fault, which decides whether another attempt can help."""

    MEDIA = "media"  # the recording itself: final at once
    SOURCE = "source"  # reaching it: final or retried, by reason
    INTERNAL = "internal"  # ours: retried
    DEADLINE = "deadline"  # out of time: final


class FailureReason(StrEnum):
    """Why an analysis has no verdict; shown to users as a condition reason."""

    UNSUPPORTED_MEDIA = "UnsupportedMedia"  # empty, not media, or a format off the allow-list
    CORRUPT_MEDIA = "CorruptMedia"  # a known container that cannot be decoded to its end
    ENCRYPTED_MEDIA = "EncryptedMedia"  # it needs a key: copy protection, DRM
    MEDIA_TOO_LARGE = "MediaTooLarge"  # over a byte, duration, or pixel cap
    NO_AUDIO_STREAM = "NoAudioStream"
    NO_VIDEO_STREAM = "NoVideoStream"
    SOURCE_NOT_FOUND = "SourceNotFound"
    SOURCE_FORBIDDEN = "SourceForbidden"
    SOURCE_CHANGED = "SourceChanged"  # the pinned ETag is no longer what the key holds
    SOURCE_MISMATCH = "SourceMismatch"  # the content has another SHA-256 than the request states
    SOURCE_UNAVAILABLE = "SourceUnavailable"  # S3 answers 5xx, throttles, or is too slow
    RESULTS_UNAVAILABLE = "ResultsUnavailable"  # the results could not be written
    WORKER_CRASHED = "WorkerCrashed"
    OUT_OF_MEMORY = "OutOfMemory"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    INTERNAL_ERROR = "InternalError"
