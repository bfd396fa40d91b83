"""A recording as FFmpeg reads it: through a file that is open already, so that it opens none itself."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from av.container import InputContainer

_handed: dict[str, Path] = {}


class Source:
    """What PyAV takes in place of a path.

    Args:
        recording: the file.
    """

    def __init__(self, recording: Path) -> None:
        self.name = str(recording)
        self._file = recording.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int) -> int:
        """Return the new position, or -1 if there is none such: a damaged index may name any."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()


def hand_over(recording: Path) -> None:
    """Have :func:`recording_of` return this path, which is open already, for containers of its name."""
    _handed[str(recording)] = recording


def recording_of(container: InputContainer) -> Path:
    """Return the file that a container was opened from."""
    return _handed.get(container.name) or Path(container.name)
