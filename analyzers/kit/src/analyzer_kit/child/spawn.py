"""Starts templates. Needs only the standard library: the first one starts before the service is imported."""

from __future__ import annotations

import os
import socket
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from dataclasses import dataclass

from analyzer_kit.child import sandbox

MAX_LINE_BYTES = 6 * 1024 * 1024
"""Longest message accepted from a child; a report of 2 hours is about 2 MB. Parsed it takes up to twenty times that."""

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""All of the environment that a child gets: it parses hostile media, so no credentials and no settings."""

_SET = {
    "MALLOC_ARENA_MAX": "2",  # glibc takes an arena for each thread that allocates
    "PYTHONUNBUFFERED": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # or pydantic reads every installed package's metadata
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2^4 cycles: an idle thread sleeps at once, where it would spin for 60 ms of CPU
    "ORT_DISABLE_TELEMETRY": "1",  # or ONNX Runtime starts a thread that reports to its makers
}

_STDERR = 2


@dataclass(frozen=True)
class Spawned:
    """A template process that was started.

    Attributes:
        process: it is the leader of a session of its own, as no process of the service is.
        control: the way to it, not blocking.
    """

    process: Process
    control: socket.socket


async def spawn() -> Spawned:
    """Return a new template that waits for its configuration; it ends with this process.

    Raises:
        OSError: no process or no memory to be had just now.
    """
    sandbox.adopt_orphans()
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    command = (sys.executable, "-m", "analyzer_kit.child", str(os.getpid()))
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        process = await create_subprocess_exec(
            *command, stdin=theirs.fileno(), stdout=_STDERR, env=passed | _SET, start_new_session=True
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Spawned(process, ours)
