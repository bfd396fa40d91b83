"""Background processes that outlive the Python that started them."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cgroups
from tests.cluster.paths import RUN_DIR, log_dir
from tests.cluster.shell import ADMIN_PATH, start_time, wait_until, write_atomically


class DaemonError(RuntimeError):
    """A component did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Daemon:
    """One component of the cluster, known by its name to every process on this machine."""

    name: str
    command: tuple[str, ...] = ()

    @property
    def pid_file(self) -> Path:
        """The file that says which process this is."""
        return RUN_DIR / "pids" / f"{self.name}.json"

    @property
    def log_file(self) -> Path:
        """The file with everything it wrote."""
        return log_dir() / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id, or None when it is not running."""
        try:
            record = json.loads(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        pid = int(record["pid"])
        self._reap(pid)
        # A process id is used again after a reboot or a long time: the start time tells them apart.
        return pid if start_time(pid) == record["started"] else None

    def start(self) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C does not reach it."""
        if self.pid is not None:
            return
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        # Proxy variables are left out: the components talk only to each other.
        env = {"PATH": ":".join(ADMIN_PATH), "HOME": "/root", "LANG": "C.UTF-8"}
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                cgroups.entering(self.command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env=env, start_new_session=True,
            )  # fmt: skip
        write_atomically(self.pid_file, json.dumps({"pid": process.pid, "started": start_time(process.pid)}))

    def stop(self, *, signal_number: int = signal.SIGTERM, timeout: float = 10.0) -> None:
        """End it, by force after the timeout, and forget it."""
        pid = self.pid
        if pid is not None:
            self._signal(pid, signal_number)
            try:
                wait_until(lambda: self.pid is None, f"the end of {self.name}", timeout=timeout)
            except TimeoutError:
                self._signal(pid, signal.SIGKILL)
                wait_until(lambda: self.pid is None, f"the end of {self.name}", timeout=timeout)
        self.pid_file.unlink(missing_ok=True)

    def require_alive(self) -> None:
        """Raise DaemonError with the end of the log if it has died."""
        if self.pid is None:
            raise DaemonError(f"{self.name} ended unexpectedly; end of {self.log_file}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    @staticmethod
    def _signal(pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    @staticmethod
    def _reap(pid: int) -> None:
        # If this Python started it, its remains stay in the process table until somebody asks.
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return


def all_daemons() -> list[Daemon]:
    """Return every component that has a process id on record, dead or alive."""
    return [Daemon(path.stem) for path in sorted((RUN_DIR / "pids").glob("*.json"))]
