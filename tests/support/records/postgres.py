"""A real PostgreSQL server for tests: Debian's, in a temporary folder, on the loopback address."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg

from tests.cluster.paths import cache_dir
from tests.cluster.shell import command_env, exclusive, run, wait_until
from tests.support.ports import free_port
from tests.support.processes import processes

_PROGRAMS = Path("/usr/lib/postgresql")
_NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/silver-guardian.conf")
_SERVER_USER = "nobody"
"""PostgreSQL refuses to run as root."""


def _versions() -> list[Path]:
    folders = [path.parent for path in _PROGRAMS.glob("*/bin/initdb")]
    return sorted(folders, key=lambda path: int(path.parent.name))


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian's package is installed if there is none."""
    with exclusive(cache_dir() / "postgresql.lock"):
        if not _versions():
            sys.stderr.write("installing the Debian package postgresql\n")
            _install()
    return _versions()[-1]


def _install() -> None:
    """Install it without the server that the package would set up and start by itself."""
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    run(*as_root, "mkdir", "-p", _NO_MAIN_CLUSTER.parent)
    run(*as_root, "tee", _NO_MAIN_CLUSTER, input="create_main_cluster = false\n")
    run(*as_root, "apt-get", "update", "-qq")
    run(
        *as_root, "env", "DEBIAN_FRONTEND=noninteractive",
        "apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "postgresql",
    )  # fmt: skip
    run(*as_root, "rm", _NO_MAIN_CLUSTER)


class Postgres:
    """One server, as a context manager; it can be killed and started again with what it holds."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Postgres:
        self._programs = programs()
        # Not below pytest's own folder, which only its user may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="guardian-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run(
            "initdb", "--pgdata", self._data, "--username=guardian", "--auth=trust", "--encoding=UTF8", "--no-sync"
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command = [
            str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", f"unix_socket_directories={self._folder}",
        ]  # fmt: skip
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=command_env(), cwd=self._folder, start_new_session=True,
                user=self._user, group=self._user and "nogroup", extra_groups=self._user and [],
            )  # fmt: skip
        wait_until(self._answers, "PostgreSQL to take connections")

    def kill(self) -> None:
        """End it and every process of it with SIGKILL, as a node that loses its power does.

        When this returns, nothing of it answers: a backend leads a session of its own, and outlives the first process.
        """
        wait_until(self._ended, "every process of PostgreSQL to end")
        if self._process is not None:
            self._process.wait()
            self._process = None
        wait_until(lambda: not self._listens(), "PostgreSQL's port to be closed")

    def freeze(self) -> None:
        """Let every process of it do nothing: connections stay open, and there is no answer."""
        wait_until(self._frozen, "PostgreSQL to stand still")

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def url(self, database: str = "postgres") -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://guardian@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database and return its URL."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection that commits each statement."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=30)

    def setting(self, name: str) -> str:
        """Return one of its settings."""
        with self.connect() as connection:
            found = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        return str(found[0]) if found else ""

    def reload(self) -> None:
        """Let it read its files again; a new connection sees what they say."""
        with self.connect() as connection:
            loaded = connection.execute("SELECT pg_conf_load_time()").fetchone()
            connection.execute("SELECT pg_reload_conf()")
            wait_until(lambda: connection.execute("SELECT pg_conf_load_time()").fetchone() != loaded, "the new rules")

    def place(self, source: Path, target: Path) -> None:
        """Copy a file to where the server alone may read it."""
        shutil.copy(source, target)
        target.chmod(0o600)
        if self._user:
            shutil.chown(target, self._user)

    def _signal(self, signum: int) -> None:
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signum)

    def _ended(self) -> bool:
        """Kill what runs, and say whether there was nothing: a process may be made while the others are killed."""
        self._signal(signal.SIGKILL)
        return not self._processes()

    def _frozen(self) -> bool:
        self._signal(signal.SIGSTOP)
        return all(_status(process) == psutil.STATUS_STOPPED for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        """Return the server's processes, the first one first: all of them work in the folder of its data."""
        ours = [process for process in processes() if _folder_of(process) == str(self._data)]
        return sorted(ours, key=lambda process: process.pid != (self._process and self._process.pid))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _user(self) -> str | None:
        return _SERVER_USER if os.geteuid() == 0 else None

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True, capture_output=True, user=self._user, env=command_env(), cwd=self._folder,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _folder_of(process: psutil.Process) -> str:
    """Return where a process works; an empty string once it has ended."""
    try:
        return process.cwd() if _status(process) != psutil.STATUS_ZOMBIE else ""
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def _status(process: psutil.Process) -> str:
    try:
        return str(process.status())
    except psutil.NoSuchProcess:
        return ""
