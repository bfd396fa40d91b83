"""A recording as FFmpeg reads it: through a file that is open already, so that it opens none itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from os import SEEK_CUR, SEEK_END
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from av.container import InputContainer

_PIECE = 256 * 1024
"""Given at once at most, and FFmpeg asks again: a picture of many megabytes in a tag would be held twice."""

_handed: dict[str, Path] = {}


class Source:
    """What PyAV takes in place of a path.

    FFmpeg asks for the place and the size at each box and each packet of some containers, 50,000 times for an hour in
    3,600 fragments: they are counted here, and the file is moved where something is read.

    Args:
        recording: the file; it does not grow while it is read.
        missing: places, not falling, before which a byte is missing: a zero is given there.
        written: bytes that are given in place of those in the file, each with the place of the first.
    """

    def __init__(self, recording: Path, missing: Sequence[int] = (), written: Sequence[tuple[int, bytes]] = ()) -> None:
        self.name = str(recording)
        self._file = recording.open("rb")
        self._given = [place + number for number, place in enumerate(missing)]
        self._written = {at + number: byte for at, content in written for number, byte in enumerate(content)}
        self._size = recording.stat().st_size + len(missing)
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return the next bytes, perhaps fewer than asked for; none at the end."""
        if self._at >= self._size:
            return b""
        before = bisect_left(self._given, self._at)
        until = self._given[before] if before < len(self._given) else self._size
        self._file.seek(self._at - before)
        content = self._file.read(min(size, _PIECE, until - self._at)) if self._at < until else b"\0"
        if self._written and self._at < until:
            content = self._overwritten(self._at - before, content)
        self._at += len(content)
        return content

    def _overwritten(self, at: int, content: bytes) -> bytes:
        written = [place for place in self._written if at <= place < at + len(content)]
        changed = bytearray(content)
        for place in written:
            changed[place - at] = self._written[place]
        return bytes(changed)

    def seek(self, offset: int, whence: int) -> int:
        """Return the new position, or -1 if there is none such: a damaged index may name any."""
        base = self._size if whence == SEEK_END else self._at if whence == SEEK_CUR else 0
        if base + offset < 0:
            return -1
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at


def hand_over(recording: Path) -> None:
    """Have :func:`recording_of` return this path, which is open already, for containers of its name."""
    _handed[str(recording)] = recording


def recording_of(container: InputContainer) -> Path:
    """Return the file that a container was opened from."""
    return _handed.get(container.name) or Path(container.name)
