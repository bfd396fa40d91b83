"""What a process that waits for work gives back to the system."""

from __future__ import annotations

import ctypes


def trim() -> None:
    """Gives freed heap pages back to the system."""
    ctypes.CDLL(None).malloc_trim(0)
