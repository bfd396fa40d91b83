"""The limits that a child puts on itself before it opens a recording, which may be hostile."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
"""From linux/prctl.h."""

_OPEN_FILES = 64


def die_with(parent: int) -> None:
    """Tie this process's life to that of ``parent``, and keep it from gaining rights and from being inspected."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine(memory_bytes: int, file_bytes: int) -> None:
    """Put this process under limits that it cannot lift again.

    Memory is limited by RLIMIT_DATA, which since Linux 4.7 counts every private writable mapping: unlike RLIMIT_AS it
    leaves out the libraries' code, so the limit is close to what the process really uses.

    Args:
        memory_bytes: of private writable memory; an allocation beyond it fails, which Python raises as MemoryError.
        file_bytes: of the one file that it writes.
    """
    for limit, value in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def adopt_orphans() -> None:
    """Become the parent of whatever process is left below this one when its own parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hide_from_children() -> None:
    """Make this process's memory and environment unreadable to other processes of the same user."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def allow_cpu(seconds: int) -> None:
    """Allow this process ``seconds`` more of CPU time; then the kernel sends SIGXCPU.

    The limit counts from the start of the process.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = math.ceil(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))
