"""The helpers that freeze and kill whole servers see every process, whatever number it has."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.processes import processes

_LAST = Path("/proc/sys/kernel/ns_last_pid")
_TRIES = 1000


@contextmanager
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "1000"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def sleeper_with_number(pid: int) -> Iterator[None]:
    """Start a process with a number that is free; another process may take it first, and then it is tried again."""
    for _ in range(_TRIES):
        _LAST.write_text(str(pid - 1))
        with sleeper() as number:
            if number == pid:
                yield
                return
    pytest.skip(f"number {pid} is in use")


@pytest.mark.skipif(not _LAST.exists() or psutil.Process().uids().real != 0, reason="needs Linux and its administrator")
def test_a_process_whose_number_was_another_s_before_takes_signals() -> None:
    with sleeper() as pid:
        assert pid in {process.pid for process in processes()}
    with sleeper_with_number(pid):
        (process,) = (process for process in processes() if process.pid == pid)
        process.suspend()
        assert pid in {process.pid for process in processes()}
        process.resume()
