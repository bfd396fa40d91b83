"""The processes below a service that it did not start itself: children that templates made for it, and what these left.

A child that is taken over may start processes of its own, and these may leave its process group and its session. When
their parent ends they become the service's (:func:`analyzer_kit.child.sandbox.adopt_orphans`), which ends them.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

_ROUNDS = 200
_PAUSE_SECONDS = 0.002
_NO_STATUS = 255

_sessions: set[int] = set()
"""Of the templates; a child leaves its template's before it sees a recording, and nothing can come back into one."""

_children: set[int] = set()
"""The children that are alive, and watched."""

log = structlog.get_logger(__name__)


class Descendant:
    """A process that has become this one's child; watched and ended without any risk that its number is another's.

    Args:
        pid: its process id.
        on_end: called when it has ended.

    Raises:
        OSError: there is no such process any more.
    """

    def __init__(self, pid: int, on_end: Callable[[], None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._on_end = on_end
        self._handle = os.pidfd_open(pid)
        self._ended = asyncio.get_running_loop().create_future()
        _children.add(pid)
        asyncio.get_running_loop().add_reader(self._handle, self._end)

    def kill(self) -> None:
        """End the process at once; safe to call again."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    async def wait(self) -> int:
        """Return its exit code, negative for a signal, once it has ended."""
        return int(await asyncio.shield(self._ended))

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        try:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        except ChildProcessError:  # it ended before it was ours
            self.returncode = _NO_STATUS
        _children.discard(self.pid)
        self._ended.set_result(self.returncode)
        self._on_end()


def add_session(leader: int) -> None:
    """Spare the processes of a template's session."""
    _sessions.add(leader)


def drop_session(leader: int) -> None:
    """Spare them no longer: the template has ended."""
    _sessions.discard(leader)


async def collect_stillborn() -> None:
    """Wait a moment for a child that ended before it was known, and collect it: it would stay a zombie."""
    for _ in range(_ROUNDS):
        if _collect_stillborn():
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def end_orphans() -> bool:
    """End what children have left behind; return whether nothing is left."""
    _collect_stillborn()  # one whose end was seen only later
    for _ in range(_ROUNDS):  # one that ends may have had children of its own, which are the service's then
        orphans = [pid for pid in _own_children() if _is_orphan(pid)]
        if not orphans:
            return True
        log.warning("processes outlived their child", pids=orphans)
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_PAUSE_SECONDS)
        _collect(orphans)
    log.error("processes that outlived their child do not end")
    return False


def _collect_stillborn() -> bool:
    """Collect what ended before it was known; return whether there was any."""
    stillborn = [pid for pid in _own_children() if _is_stillborn(pid)]
    _collect(stillborn)
    return bool(stillborn)


def _collect(ended: list[int]) -> None:
    for pid in ended:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _own_children() -> list[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return [int(pid) for each in lists for pid in each.read_text().split()]


def _is_stillborn(pid: int) -> bool:
    """Return whether a template made this child, and it ended before it said that it is ready."""
    session, status = _session_and_status(pid)
    unknown = session in _sessions and pid != session and pid not in _children
    return unknown and "\nState:\tZ" in status


def _is_orphan(pid: int) -> bool:
    """Return whether a child of this process is left over.

    Not one that the service itself started: that is in its own session, or can still gain rights.
    """
    session, status = _session_and_status(pid)
    spared = pid in _children or session in _sessions or session == os.getsid(0)
    return not spared and "NoNewPrivs:\t1" in status


def _session_and_status(pid: int) -> tuple[int, str]:
    """Return the leader of a process's session, and what Linux says of it; nothing of one that is gone."""
    try:
        return os.getsid(pid), Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0, ""
