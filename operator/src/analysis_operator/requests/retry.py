"""Retry by cause: which failures another attempt can repair, and when it may start."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from analyzer_contract import Failure, FailureKind, FailureReason

_TRANSIENT_SOURCE = {FailureReason.SOURCE_UNAVAILABLE}
_JITTER = (0.8, 1.2)
_SKIPS = {FailureReason.NO_AUDIO_STREAM, FailureReason.NO_VIDEO_STREAM}


def is_skip(failure: Failure) -> bool:
    """Return whether the recording has nothing for this analyzer to look at."""
    return failure.kind is FailureKind.MEDIA and failure.reason in _SKIPS


def can_help(failure: Failure) -> bool:
    """Return whether another attempt can end otherwise: after internal faults, and while S3 is unavailable."""
    if failure.kind is FailureKind.INTERNAL:
        return True
    return failure.kind is FailureKind.SOURCE and failure.reason in _TRANSIENT_SOURCE


def backoff(key: str, attempt: int, *, base: float, cap: float) -> timedelta:
    """Return the pause before the next attempt: exponential, with jitter of ±20 % that is the same for the same key.

    Deterministic jitter keeps `plan` pure; it still spreads many requests that failed together.
    """
    least, most = _JITTER
    spread = int.from_bytes(hashlib.blake2b(f"{key}/{attempt}".encode(), digest_size=2).digest()) / 0xFFFF
    return timedelta(seconds=min(cap, base * 2 ** max(0, attempt - 1)) * (least + (most - least) * spread))


def longest(cap: float) -> timedelta:
    """Return the longest pause that :func:`backoff` returns for this cap."""
    return timedelta(seconds=cap * _JITTER[1])


def wait_for(at: datetime, now: datetime, most: timedelta) -> timedelta:
    """Return how long to wait for a time that was set at most `most` ahead; none if it is over.

    One that is further away was set by a clock that was ahead: it says nothing, and nobody waits for it.
    """
    left = at - now
    return left if timedelta(0) < left <= most else timedelta(0)
