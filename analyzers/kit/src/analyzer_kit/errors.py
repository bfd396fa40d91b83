"""Why an analysis has no verdict, as one exception that both processes understand."""

from __future__ import annotations

from analyzer_contract import Failure, FailureKind, FailureReason

_KINDS = {
    FailureReason.UNSUPPORTED_MEDIA: FailureKind.MEDIA,
    FailureReason.CORRUPT_MEDIA: FailureKind.MEDIA,
    FailureReason.ENCRYPTED_MEDIA: FailureKind.MEDIA,
    FailureReason.MEDIA_TOO_LARGE: FailureKind.MEDIA,
    FailureReason.NO_AUDIO_STREAM: FailureKind.MEDIA,
    FailureReason.NO_VIDEO_STREAM: FailureKind.MEDIA,
    FailureReason.SOURCE_NOT_FOUND: FailureKind.SOURCE,
    FailureReason.SOURCE_FORBIDDEN: FailureKind.SOURCE,
    FailureReason.SOURCE_CHANGED: FailureKind.SOURCE,
    FailureReason.SOURCE_MISMATCH: FailureKind.SOURCE,
    FailureReason.SOURCE_UNAVAILABLE: FailureKind.SOURCE,
    FailureReason.RESULTS_UNAVAILABLE: FailureKind.INTERNAL,
    FailureReason.WORKER_CRASHED: FailureKind.INTERNAL,
    FailureReason.OUT_OF_MEMORY: FailureKind.INTERNAL,
    FailureReason.DEADLINE_EXCEEDED: FailureKind.DEADLINE,
    FailureReason.INTERNAL_ERROR: FailureKind.INTERNAL,
}


class Misconfigured(Exception):
    """A child cannot do what its installation asks for, and the message says why and what to do about it."""


class AnalysisError(Exception):
    """An analysis ended without a verdict.

    Args:
        reason: one word for machines; it also decides who is at fault (:attr:`kind`).
        message: what happened and what to do about it, for a person; at most 1,000 characters.
    """

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message[:1000]

    @property
    def kind(self) -> FailureKind:
        """Who is at fault, which decides whether another attempt can help."""
        return _KINDS[self.reason]

    def failure(self, seconds: float) -> Failure:
        """Return the line that ends the stream, after ``seconds`` of work."""
        return Failure(kind=self.kind, reason=self.reason, message=self.message, seconds=round(seconds, 3))
