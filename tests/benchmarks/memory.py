"""What the pods hold in memory, shared pages divided among those who share them, and how soon they are up."""

from __future__ import annotations

import statistics
from pathlib import Path

import psutil

from tests.support.operator.deployment import Deployment
from tests.support.processes import processes

MEGABYTE = 1_000_000


def megabytes(module: str) -> float:
    """Return the proportional resident memory (PSS) of the pods' processes started as ``python -m module``."""
    total = 0
    for process in processes():
        try:
            if _is_pod(process.pid) and process.cmdline()[1:3] == ["-m", module]:
                family = [process, *process.children(recursive=True)]
                total += sum(member.memory_full_info().pss for member in family)
        except (psutil.Error, OSError):
            continue
    return total / MEGABYTE


def peak_megabytes(pid: int) -> float:
    """Return the most that a process has held so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")) / MEGABYTE


def _is_pod(pid: int) -> bool:
    """Tell a pod's process from one that somebody runs beside the cluster."""
    return "kubepods" in Path(f"/proc/{pid}/cgroup").read_text()


def operator_megabytes() -> float:
    """Return what the operator holds."""
    return megabytes("analysis_operator")


def import_seconds(deployment: Deployment, pod: str, module: str) -> float:
    """Return how long a fresh interpreter in a pod takes to import a module, the median of five."""
    clock = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"
    command = ("exec", pod, "--", "python", "-c", clock.format(module))
    return statistics.median(float(deployment.kubectl(*command)) for _ in range(5))
