"""What the processes of the pods hold in memory, shared pages divided among those who share them."""

from __future__ import annotations

import psutil

MEGABYTE = 1_000_000


def megabytes(module: str) -> float:
    """Give the proportional resident memory (PSS) of all processes that were started as ``python -m module``."""
    total = 0
    for process in psutil.process_iter():
        try:
            if f"-m {module}" in " ".join(process.cmdline()):
                family = [process, *process.children(recursive=True)]
                total += sum(member.memory_full_info().pss for member in family)
        except psutil.Error:
            continue
    return total / MEGABYTE


def operator_megabytes() -> float:
    """Give what the operator holds."""
    return megabytes("analysis_operator")
