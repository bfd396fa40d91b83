"""What code in a decoder might try. Each attack raises if it is refused, and returns what it got if it worked."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import platform
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PTRACE_ATTACH = 16
_F_SETSIG = 10
_CLONE_VM, _CLONE_NEWUSER = 0x100, 0x1000_0000
_NUMBERS = {"x86_64": {"clone": 56, "io_uring_setup": 425, "ptrace": 101, "bpf": 321, "execve": 59}}.get(
    platform.machine(), {"clone": 220, "io_uring_setup": 425, "ptrace": 117, "bpf": 280, "execve": 221}
)


def _called(number: int, *arguments: int) -> str:
    """Make a system call as machine code would."""
    result = _LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"system call {number} returned {result}"


def _connect(target: str) -> str:
    host, _, port = target.partition(":")
    with socket.socket() as connection:
        connection.settimeout(2)
        connection.connect((host, int(port)))
    return f"connected to {target}"


def _post_to_parent(target: str) -> str:
    host, _, port = target.partition(":")
    with socket.socket() as connection:
        connection.connect((host, int(port)))
        connection.sendall(b"POST /v1/analyses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        return f"the parent answered {connection.recv(1000)!r}"


def _read(target: str) -> str:
    return f"read {Path(target).read_bytes()!r}"


def _environment_of_parent(_: str) -> str:
    return _read(f"/proc/{os.getppid()}/environ")


def _memory_of_parent(_: str) -> str:
    return f"opened {os.open(f'/proc/{os.getppid()}/mem', os.O_RDONLY)}"


def _list(target: str) -> str:
    return f"listed {list(Path(target).iterdir())}"


def _write(target: str) -> str:
    Path(target).write_text("taken over")
    return f"wrote {target}"


def _remove(target: str) -> str:
    Path(target).unlink()
    return f"removed {target}"


def _rename(target: str) -> str:
    Path(target).rename(f"{target}.gone")
    return f"renamed {target}"


def _link(target: str) -> str:
    Path(f"{target}.link").symlink_to(target)
    return f"linked {target}"


def _fork(_: str) -> str:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


def _outlive(target: str) -> str:
    """Leave a process behind that left its group, its session and its parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            _LIBC.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            Path(target).write_text(f"{os.getpid()}\n")
            time.sleep(600)
        os._exit(0)
    while not Path(target).exists():
        time.sleep(0.01)
    return "a process stays"


def _breed(target: str) -> str:
    """Leave a process behind that goes on in a new one again and again."""
    if os.fork() == 0:
        os.setsid()
        end = time.monotonic() + 600
        while time.monotonic() < end:
            with Path(target).open("a") as mark:
                mark.write(f"{os.getpid()}\n")
            if os.fork():
                os._exit(0)
            time.sleep(0.001)
    while not Path(target).exists():
        time.sleep(0.01)
    return "a process goes on"


def _execute(_: str) -> str:
    return f"ran {subprocess.run(['/bin/true'], check=True).args}"


def _kill_parent(_: str) -> str:
    os.kill(os.getppid(), signal.SIGKILL)
    return "killed the parent"


def _kill_all(_: str) -> str:
    os.kill(-1, signal.SIGKILL)
    return "killed all"


def _signal_by_file(_: str) -> str:
    """Have the kernel send the parent SIGKILL when a file is ready."""
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())
    fcntl.fcntl(0, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(0, fcntl.F_SETFL, os.O_ASYNC)
    return "the parent gets signals"


def _stay_alive(_: str) -> str:
    if _LIBC.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "it may outlive the parent"


def _lift_limits(_: str) -> str:
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "no limit of CPU time"


def _new_code(_: str) -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    return "memory for new code"


def _pass_descriptor(_: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=os.dup(0)) as channel:
        socket.send_fds(channel, [b"x"], [1])
    return "sent a descriptor"


def _from_thread(target: str) -> str:
    """Try it in a thread that was started after the filter."""
    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append(_read(target)))
    thread.start()
    thread.join()
    if not told:
        raise PermissionError("refused in the thread")
    return told[0]


ATTACKS: dict[str, Callable[[str], str]] = {
    "connect": _connect,
    "post to the parent": _post_to_parent,
    "socket pair": lambda _: str(socket.socketpair()),
    "socket of the local machine": lambda _: str(socket.socket(socket.AF_UNIX)),
    "pass a descriptor": _pass_descriptor,
    "read": _read,
    "read in a thread": _from_thread,
    "read the parent's environment": _environment_of_parent,
    "open the parent's memory": _memory_of_parent,
    "list": _list,
    "write": _write,
    "remove": _remove,
    "rename": _rename,
    "link": _link,
    "fork": _fork,
    "outlive": _outlive,
    "breed": _breed,
    "clone with shared memory": lambda _: _called(_NUMBERS["clone"], _CLONE_VM | signal.SIGCHLD, 0, 0, 0, 0),
    "new user namespace": lambda _: _called(_NUMBERS["clone"], _CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0),
    "execute": _execute,
    "become another program": lambda _: _called(_NUMBERS["execve"], 0, 0, 0),
    "kill the parent": _kill_parent,
    "kill all": _kill_all,
    "signal by a file": _signal_by_file,
    "inspect the parent": lambda _: _called(_NUMBERS["ptrace"], _PTRACE_ATTACH, os.getppid(), 0, 0),
    "stay alive": _stay_alive,
    "be inspected": lambda _: _called(157 if platform.machine() == "x86_64" else 167, _PR_SET_DUMPABLE, 1, 0, 0, 0),
    "lift limits": _lift_limits,
    "new code": _new_code,
    "io_uring": lambda _: _called(_NUMBERS["io_uring_setup"], 1, 0),
    "bpf": lambda _: _called(_NUMBERS["bpf"], 0, 0, 0),
    "answer in the wrong place": lambda _: str(os.write(0, b'{"type": "ready", "pid": 1}\n')),
    "answer without end": lambda _: _talk(b'{"type": "stage", "stage": "x", "fraction": 0}\n'),
    "answer without a line's end": lambda _: _talk(b"x" * 65536),
    "answer nonsense": lambda _: str(os.write(0, b"[" * 100_000 + b"\n")),
}
"""By name. ``read`` and the like take a path, ``connect`` and ``post`` an address."""


def _talk(what: bytes) -> str:
    while True:
        os.write(0, what)
