"""What a process that waits for work gives back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

_MADV_DONTNEED = 4
"""From linux/mman.h."""


def trim() -> None:
    """Gives freed heap pages back to the system."""
    ctypes.CDLL(None).malloc_trim(0)


def rest() -> None:
    """Gives back what only starting, or the analysis that has just ended, needed.

    That is freed heap pages, and the libraries' code: numpy, FFmpeg and ONNX Runtime have about as much of it mapped as
    they have data. Code that is unmapped stays in the kernel's page cache, as long as that needs the room for nothing
    else: mapping it again takes no reading, and a few milliseconds of an analysis.

    Not for a process in which another thread may unload a library meanwhile: what comes to lie in its place would be
    emptied.
    """
    trim()
    libc = ctypes.CDLL(None)
    with suppress(OSError):  # no /proc: then it stays larger than it need be
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, _, _, inode, *_ = line.split(maxsplit=5)
            # Only what nobody can have written to. Relocated constants lie in files too and are read-only by now, but
            # would come back as the file has them.
            if rights == "r-xp" and inode != "0":
                start, end = (int(each, 16) for each in span.split("-"))
                libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)
