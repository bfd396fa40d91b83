"""The processes of this machine, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil


def processes() -> Iterator[psutil.Process]:
    """Yield every process.

    `psutil.process_iter` remembers processes by their number. There are 32,768 numbers, and a run of the suite needs
    more. A new process is then taken for the old one, gets no signal, and is left out of the next look.
    """
    for pid in psutil.pids():
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)
