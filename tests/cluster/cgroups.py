"""The nodes' cgroups, on cgroup v1 and v2."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.shell import start_time, wait_until
from tests.cluster.topology import CGROUP, COMPONENTS_CGROUP, Node

_ROOT = Path("/sys/fs/cgroup")
_V1_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb",
                   "net_cls", "net_prio", "perf_event", "systemd", "unified")  # fmt: skip


_WEIGHT = 8
"""The share of a busy machine that the cluster has, and in it the components, in processes outside it.

With the weight of one process, an API server's deadlines pass while tests beside it compute. The pods of a node have
half of it: a pod that starts has deadlines, too. A priority ("nice") would say nothing: Linux compares it only within
one session (`sched_autogroup_enabled`).
"""


def is_v2() -> bool:
    """Say whether this machine has the unified hierarchy."""
    return (_ROOT / "cgroup.controllers").exists()


def hierarchies() -> list[Path]:
    """Return the mount point of every hierarchy in which a node needs its cgroup."""
    if is_v2():
        return [_ROOT]
    return [_ROOT / name for name in _V1_CONTROLLERS if (_ROOT / name / "cgroup.procs").exists()]


def _mount_point(controller: str) -> Path:
    """Return the mount point of the hierarchy with a controller."""
    return _ROOT if is_v2() else _ROOT / controller


def create(node: Node) -> None:
    """Make a node's cgroup in every hierarchy."""
    _create(node.cgroup, _WEIGHT // 2)


def create_components() -> None:
    """Make the cgroup that :func:`entering` enters."""
    _create(COMPONENTS_CGROUP, _WEIGHT)


def entering(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command so that it and its children run among the components, if the cluster has made that cgroup."""
    procs = _mount_point("cpu") / COMPONENTS_CGROUP.lstrip("/") / "cgroup.procs"
    if not procs.exists():
        return tuple(command)
    return ("sh", "-c", 'echo $$ > "$0" && exec "$@"', str(procs), *command)


def _create(cgroup: str, weight: int) -> None:
    for hierarchy in hierarchies():
        folder = hierarchy
        for part in Path(cgroup).parts[1:]:
            if is_v2():
                _delegate(folder)
            parent, folder = folder, folder / part
            folder.mkdir(exist_ok=True)
            # Version 1 leaves these two empty in a new group, and then no process can enter it.
            for name in ("cpuset.cpus", "cpuset.mems"):
                inherited = parent / name
                if not is_v2() and inherited.exists():
                    (folder / name).write_text(inherited.read_text())
        if is_v2() and cgroup != COMPONENTS_CGROUP:  # a group that delegates may hold no process of its own
            _delegate(folder)
    _weigh(f"/{CGROUP}", _WEIGHT)
    _weigh(cgroup, weight)


def _weigh(cgroup: str, weight: int) -> None:
    """Set a cgroup's share of the processors among its siblings."""
    folder = _mount_point("cpu") / cgroup.lstrip("/")
    if is_v2():
        (folder / "cpu.weight").write_text(str(100 * weight))
    else:
        (folder / "cpu.shares").write_text(str(1024 * weight))


def _delegate(folder: Path) -> None:
    controllers = (folder / "cgroup.controllers").read_text().split()
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))


def processes(path: str = f"/{CGROUP}") -> set[int]:
    """Return the processes in a cgroup and below it."""
    pids: set[int] = set()
    for hierarchy in hierarchies():
        for procs in (hierarchy / path.lstrip("/")).glob("**/cgroup.procs"):
            try:
                pids.update(int(pid) for pid in procs.read_text().split())
            except OSError:
                continue  # the group went away while we looked
    return {pid for pid in pids if start_time(pid) is not None}


def kill_processes(path: str = f"/{CGROUP}") -> None:
    """Kill every process in a cgroup and below it, and wait until they are gone."""
    # All at once: a parent that outlives its child by a moment would still report that child's death.
    _send(processes(path), signal.SIGSTOP)

    def emptied() -> bool:
        remaining = processes(path)
        _send(remaining, signal.SIGKILL)
        return not remaining

    wait_until(emptied, f"the processes of {path} to end")


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def remove() -> None:
    """Remove the cluster's cgroups, children before parents."""
    for hierarchy in hierarchies():
        top = hierarchy / CGROUP
        wait_until(lambda top=top: _remove_tree(top), f"{top} to be empty")  # type: ignore[misc]


def _remove_tree(top: Path) -> bool:
    folders = [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            continue
    return not top.exists()
