"""Paths that are open already: what a child gets of the file system once it may open nothing any more."""

from __future__ import annotations

import io
import os
from collections.abc import Buffer
from pathlib import Path
from typing import IO

_PIECE = 256 * 1024
"""Read at once at most: what is read is held twice for a moment."""


class OpenedPath(Path):
    """A path whose file was opened before; :meth:`open` gives views of that one descriptor, each with its own position.

    Args:
        path: for its name.
        flags: as :func:`os.open` has them.
    """

    def __init__(self, path: Path, flags: int) -> None:
        super().__init__(path)
        self._descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def with_segments(self, *segments: str | os.PathLike[str]) -> Path:  # type: ignore[override]
        """Return what is derived from this path, as a plain one."""
        return Path(*segments)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return the facts of the open file."""
        del follow_symlinks
        return os.fstat(self._descriptor)

    def open(  # type: ignore[override]
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[bytes]:
        """Return the file for reading from its beginning (``rb``), or emptied for writing (``wb``).

        Raises:
            ValueError: any other mode.
        """
        del buffering, encoding, errors, newline
        if mode == "rb":
            return io.BufferedReader(_View(self._descriptor))
        if mode == "wb":
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            return os.fdopen(os.dup(self._descriptor), "wb")
        raise ValueError(f"an opened path has the modes rb and wb, not {mode}")


class _View(io.RawIOBase):
    """Reads a descriptor from a position of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._position = descriptor, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")[:_PIECE]
        content = os.pread(self._descriptor, len(view), self._position)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        target = offset + (os.fstat(self._descriptor).st_size if base is None else base)
        if target < 0:
            raise OSError(f"no position: {target}")
        self._position = target
        return target
