"""Where the database is: a URL, or a file that holds one and may change while we run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analysis_records.errors import DatabaseUnavailable

type Address = str | Callable[[], str]
"""``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``, or what returns it as it is now: asked before each connection."""


@dataclass(frozen=True, slots=True)
class UrlFile:
    """A file with the URL, as a Secret is mounted: the next connection has a new password."""

    path: Path

    def __call__(self) -> str:
        """Return what is in it now. Raises DatabaseUnavailable."""
        try:
            return self.path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DatabaseUnavailable(f"{self.path} cannot be read: {error.strerror}") from error


def now(address: Address) -> str:
    """Return the URL as it is now. Raises DatabaseUnavailable."""
    return address if isinstance(address, str) else address()
