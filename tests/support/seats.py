"""Seats for tests that compute: no more of them run at a time than the machine has processors.

Tests that wait for pods, watches and leases run side by side with any number of others. With more computing tests than
processors none ends sooner, each takes longer, and on a slow machine one after the other meets its time limit.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.paths import cache_dir

_LOOK_SECONDS = 0.02


@contextmanager
def seat() -> Iterator[None]:
    """Hold one of as many locks as there are processors, shared by all processes of this machine that test."""
    folder = cache_dir() / "seats"
    folder.mkdir(parents=True, exist_ok=True)
    handles = [(folder / f"{number}.lock").open("w") for number in range(os.cpu_count() or 1)]
    try:
        while not any(_taken(handle.fileno()) for handle in handles):
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        for handle in handles:
            handle.close()


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
