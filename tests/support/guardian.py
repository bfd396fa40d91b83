"""Runs the command line, and knows every process that came of it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Self

import psutil

from tests.cluster.shell import wait_until
from tests.support.processes import processes
from tests.support.waiting import PATIENCE_SECONDS

_MARK = "SILVER_GUARDIAN_TEST_RUN"
_POLL_SECONDS = 0.2
"""Each look goes through every process of the machine."""


class Guardian:
    """A context manager: at its end nothing may run any more."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._mark = uuid.uuid4().hex
        own = {"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "XDG_DATA_HOME": str(out / "no-models")}
        self._env = os.environ | {_MARK: self._mark, **own}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.wait_gone()
        finally:
            for process in self.left():
                process.kill()

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            env=self._env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def start(self, *arguments: str | Path, stderr: int | None = None) -> subprocess.Popen[str]:
        command = self._command(*arguments)
        return subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def wait_gone(self) -> None:
        """Wait until nothing runs any more; raise TimeoutError, naming what does."""
        wait_until(lambda: self.left() == [], "every process to end", interval=_POLL_SECONDS, detail=self.left)

    def left(self) -> list[psutil.Process]:
        """Return what still runs."""
        return [process for process in processes() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            ours = process.environ().get(_MARK) == self._mark
            return ours and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            return False

    def _command(self, *arguments: str | Path) -> list[str]:
        command = [sys.executable, "-c", "from analysis_operator.cli import main; main()"]
        return [*command, *map(str, arguments), "--out", str(self.out)]
