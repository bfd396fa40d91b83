"""Retry by cause: which failures another attempt can repair, and when it may start."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from analyzer_contract import Failure, FailureKind, FailureReason

_STORAGE = {FailureReason.SOURCE_UNAVAILABLE, FailureReason.RESULTS_UNAVAILABLE}
STORAGE_PATIENCE = timedelta(minutes=10)
"""For so long runs that S3 made fail are no attempts: an outage is no fault of the request."""
_JITTER = (0.8, 1.2)
_SKIPS = {FailureReason.NO_AUDIO_STREAM, FailureReason.NO_VIDEO_STREAM}


def is_skip(failure: Failure) -> bool:
    """Return whether the recording has nothing for this analyzer to look at."""
    return failure.kind is FailureKind.MEDIA and failure.reason in _SKIPS


def is_of_storage(failure: Failure) -> bool:
    """Return whether S3 failed, and not the request: it was not reached, throttled, or did not take the results."""
    return failure.reason in _STORAGE


def can_help(failure: Failure) -> bool:
    """Return whether another attempt can end otherwise: after internal faults, and while S3 is unavailable."""
    if failure.kind is FailureKind.INTERNAL:
        return True
    return is_of_storage(failure)


def backoff(key: str, attempt: int, *, base: float, cap: float) -> timedelta:
    """Return the pause before the next attempt: exponential, with jitter of ±20 % that is the same for the same key.

    Deterministic jitter keeps `plan` pure; it still spreads many requests that failed together.
    """
    return _jittered(f"{key}/{attempt}", min(cap, base * 2 ** max(0, attempt - 1)))


def patient(key: str, waited: timedelta, *, base: float, cap: float) -> timedelta:
    """Return the pause when something has failed for some time: as long again, within the bounds of :func:`backoff`."""
    seconds = waited.total_seconds()
    return _jittered(f"{key}/{seconds}", min(cap, max(base, seconds)))


def _jittered(key: str, seconds: float) -> timedelta:
    least, most = _JITTER
    spread = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=2).digest()) / 0xFFFF
    return timedelta(seconds=seconds * (least + (most - least) * spread))


def longest(cap: float) -> timedelta:
    """Return the longest pause that :func:`backoff` returns for this cap."""
    return timedelta(seconds=cap * _JITTER[1])


def wait_for(at: datetime, now: datetime, most: timedelta) -> timedelta:
    """Return how long to wait for a time that was set at most `most` ahead; none if it is over.

    One that is further away was set by a clock that was ahead: it says nothing, and is not waited for.
    """
    left = at - now
    return left if timedelta(0) < left <= most else timedelta(0)
