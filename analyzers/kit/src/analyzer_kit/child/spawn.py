"""Starts child processes. Needs only the standard library: the first child starts before the service is imported."""

from __future__ import annotations

import os
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec

MAX_LINE_BYTES = 6 * 1024 * 1024
"""Longest message accepted from a child; a report of 2 hours is about 2 MB. Parsed it takes up to twenty times that."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""All of the environment that a child gets: it parses hostile media, so no credentials and no settings."""

_SET = {
    "MALLOC_ARENA_MAX": "2",  # glibc takes an arena for each thread that allocates
    "PYTHONUNBUFFERED": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # or pydantic reads every installed package's metadata
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2^4 cycles: an idle thread sleeps at once, where it would spin for 60 ms of CPU
}


async def spawn() -> Process:
    """Return a new child that waits for its configuration; it ends with this process.

    Raises:
        OSError: no process or no memory to be had just now.
    """
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    command = (sys.executable, "-m", "analyzer_kit.child", str(os.getpid()))
    return await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=MAX_LINE_BYTES, env=passed | _SET)
