"""A private folder for each analysis, and the removal of what a killed service left behind.

A killed container starts again with the same emptyDir, and on a laptop several services share one temporary folder. So
every service holds a lock file that the kernel releases with the process, however it ends: the folders of a lock
that is not held have no owner any more. All others are left alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

_LOCK_NAME = re.compile(r"\.guardian-([0-9a-f]{16})\.lock")

log = structlog.get_logger(__name__)


class Scratch:
    """The folders of one service below ``base``.

    Args:
        base: an existing folder, which may be shared with anything.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        self._token = ""
        self._lock = -1

    def open(self) -> None:
        """Remove what dead services left, and take a lock.

        Raises:
            OSError: nothing can be written there.
        """
        for entry in list(self._base.iterdir()):
            if match := _LOCK_NAME.fullmatch(entry.name):
                self._sweep(match[1])
        while self._lock < 0:
            self._token = secrets.token_hex(8)
            path = self._lock_path(self._token)
            lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                self._lock = lock
            else:  # another service swept it before it was locked
                os.close(lock)

    def close(self) -> None:
        """Remove this service's folders and release its lock."""
        if self._lock >= 0:
            self._remove(self._token)
            os.close(self._lock)
            self._lock = -1

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """Yield a new folder that only this user can read, removed in the end with all that is in it."""
        path = Path(tempfile.mkdtemp(prefix=_prefix(self._token), dir=self._base))
        try:
            yield path
        finally:
            # In a thread: what a child that was taken over made of its folder must not hold up the event loop.
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    def _sweep(self, token: str) -> None:
        try:
            lock = os.open(self._lock_path(token), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # gone meanwhile, or another user's
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._remove(token)
        except OSError:  # its owner lives
            pass
        finally:
            os.close(lock)

    def _remove(self, token: str) -> None:
        folders = list(self._base.glob(f"{_prefix(token)}*"))
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if folders:
            log.info("leftovers removed", folders=len(folders))
        if not any(folder.exists() for folder in folders):  # or the next start tries again
            self._lock_path(token).unlink(missing_ok=True)

    def _lock_path(self, token: str) -> Path:
        return self._base / f".guardian-{token}.lock"


def _prefix(token: str) -> str:
    return f"guardian-{token}-"
