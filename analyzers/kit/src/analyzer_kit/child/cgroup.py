"""The container's count of processes that the kernel killed for memory."""

from __future__ import annotations

from pathlib import Path

_COUNTERS = (
    Path("/sys/fs/cgroup/memory.events"),  # version 2
    Path("/sys/fs/cgroup/memory/memory.oom_control"),  # version 1
)


def oom_kills(counters: tuple[Path, ...] = _COUNTERS) -> int:
    """Return how many processes of this container the kernel has killed for memory; 0 where that is not known."""
    for counter in counters:
        try:
            lines = counter.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0
