"""Running commands and waiting for conditions."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ADMIN_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

PATIENCE_SECONDS = 900.0
"""What has not come by then does not come. It ends what hangs, and says nothing about speed: machines are shared."""
WITH_PATIENCE = f"--timeout={PATIENCE_SECONDS:.0f}s"
"""The same as an option of kubectl."""


class CommandError(subprocess.CalledProcessError):
    """A command failed; its message carries what the command wrote."""

    def __str__(self) -> str:
        output = (str(self.stderr or "") + str(self.output or "")).strip()
        return f"{super().__str__()}\n{output[-4000:]}"


def command_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for commands: ours, with the administrator's folders on PATH.

    Go collects garbage a quarter as often: kubectl takes 25 % less CPU, and an API server that starts 18 % less.
    """
    env = dict(os.environ)
    folders = env.get("PATH", "").split(":")
    env["PATH"] = ":".join([*folders, *(folder for folder in ADMIN_PATH if folder not in folders)])
    env.setdefault("GOGC", "400")
    env.update(extra or {})
    return env


def run(
    *command: str | Path,
    check: bool = True,
    input: str | None = None,  # noqa: A002 - the name that subprocess.run uses
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command, capture its output as text, and raise CommandError if it fails."""
    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments,
        check=False,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        env=command_env(env),
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
    )
    if check and done.returncode != 0:
        raise CommandError(done.returncode, arguments, done.stdout, done.stderr)
    return done


def start_time(pid: int) -> int | None:
    """Return when a process started (in clock ticks since boot), or None if it is not running."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name may hold spaces and parentheses; the fields after the last one are plain.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def wait_until(
    condition: Callable[[], bool],
    what: str,
    *,
    timeout: float = PATIENCE_SECONDS,
    interval: float = 0.1,
    detail: Callable[[], object] | None = None,
) -> None:
    """Poll until the condition holds; raise TimeoutError, naming what was awaited and, in detail, what there is."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            found = f": {detail()}" if detail else ""
            raise TimeoutError(f"waited {timeout:.0f} s for {what}{found}")
        time.sleep(interval)


def value_of[T](
    read: Callable[[], T | None], what: str, *, timeout: float = PATIENCE_SECONDS, interval: float = 0.1
) -> T:
    """Poll until there is a value and return it; raise TimeoutError, naming what was awaited.

    Reading it once more, after a wait for it, may find another one or none.
    """
    values: list[T] = []

    def read_once() -> bool:
        value = read()
        values[:] = [] if value is None else [value]
        return bool(values)

    wait_until(read_once, what, timeout=timeout, interval=interval)
    return values[0]


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold a lock between processes: two test runs must not build or start at the same time."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def whole_lines(file: Path) -> list[str]:
    """Return the lines of a file that is being written, without the one that is not whole yet."""
    return file.read_text().split("\n")[:-1]


def write_atomically(target: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.chmod(mode)
    temporary.rename(target)
