"""Removes every trace of the running cluster, however it ended."""

import contextlib
import shutil
import signal
import socket
import time
from pathlib import Path

from tests.cluster import cgroups, network, node
from tests.cluster.daemon import all_daemons
from tests.cluster.paths import RUN_DIR, STATE_DIR
from tests.cluster.shell import run, wait_until
from tests.cluster.topology import NODES

_CONTAINER_LOGS = Path("/var/log/containers")
_NETWORK_RESULTS = Path("/var/lib/cni/results")
_SHIM_SOCKETS = Path("/run/containerd/s")
_DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")


def remove_everything() -> None:
    """End all processes, then remove mounts, network, cgroups and files, in that order."""
    for member in NODES:
        node.power_off(member)
    for daemon in all_daemons():
        daemon.stop(signal_number=signal.SIGKILL)
    cgroups.kill_processes()
    _unmount_all()
    network.remove()
    cgroups.remove()
    _remove_files()


def _mounts() -> list[str]:
    """Return the cluster's mount points, the innermost first."""
    ours = (f"{RUN_DIR}/", f"{STATE_DIR}/")
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.startswith(ours)]


def _unmount_all() -> None:
    def unmounted() -> bool:
        for point in _mounts():
            run("umount", "--lazy", point, check=False)
        return not _mounts()

    wait_until(unmounted, "the cluster's mounts to go")


def _remove_files() -> None:
    if _CONTAINER_LOGS.is_dir():
        for link in _CONTAINER_LOGS.iterdir():
            if link.is_symlink() and str(link.readlink()).startswith(f"{STATE_DIR}/"):
                link.unlink()
    if _NETWORK_RESULTS.is_dir():
        for result in _NETWORK_RESULTS.glob("silver-guardian-*"):
            result.unlink()
    # These two folders are compiled into containerd and the kubelet; another cluster may use them too.
    for path in (*_SHIM_SOCKETS.glob("*"), *_DEVICE_PLUGINS.glob("kubelet.sock")):
        if _is_dead_socket(path):
            path.unlink(missing_ok=True)
    for folder in (_DEVICE_PLUGINS, _DEVICE_PLUGINS.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()  # only if nothing else is in it
    for folder in (RUN_DIR, STATE_DIR):
        _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    # Moved aside first: if this is interrupted, no later run takes the rest for a cluster.
    if folder.exists():
        folder.rename(folder.with_name(f".{folder.name}.old-{time.time_ns()}"))
    for remainder in folder.parent.glob(f".{folder.name}.old-*"):
        shutil.rmtree(remainder)


def _is_dead_socket(path: Path) -> bool:
    """Say whether no process listens behind a socket any more."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
