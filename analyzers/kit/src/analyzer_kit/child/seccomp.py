"""The filter of system calls that a child puts on itself for good, before it reads a byte of its recording.

What is on no list of :mod:`analyzer_kit.child.syscalls` fails with EPERM, the opening of any path included: a library
that tries something optional goes on without it. What is hostile ends the process with SIGSYS.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from errno import ENOSYS, EPERM

from analyzer_kit.child import syscalls
from analyzer_kit.errors import Misconfigured

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_TSYNC = 1
"""Every thread of the process gets the filter, or none."""

_KILL_PROCESS, _ERRNO, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_REFUSE = _ERRNO | EPERM
"""From linux/seccomp.h."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of linux/bpf_common.h: BPF_LD|W|ABS, BPF_JMP|JEQ|K, JGE, JSET, and BPF_RET|K."""

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data."""

_X32_NUMBERS = 0x4000_0000
"""From here on x86-64 has a second table, which no program uses: nothing of it is allowed."""

_MACHINES = {"x86_64": (0, 0xC000_003E, 317), "aarch64": (1, 0xC000_00B7, 277)}
"""Column of the tables, AUDIT_ARCH of linux/audit.h, and the number of seccomp(2) itself."""

_CLONE_THREAD = 0x0001_0000
_AT_EMPTY_PATH = 0x1000
_PROT_EXEC = 0x4
"""No memory becomes code: what is run was loaded before."""

_FCNTL = (0, 1, 2, 3, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. F_SETOWN and F_SETSIG would send signals to others."""

_IOCTL = (0x5401, 0x541B)
"""TCGETS and FIONREAD: Python asks both of what it opens. TIOCSTI and FIOSETOWN reach others."""

_PRCTL = (15, 16)
"""PR_SET_NAME and PR_GET_NAME: FFmpeg names its threads."""

type _Program = list[tuple[int, int, int, int]]
"""Instructions of struct sock_filter: code, jump if true, jump if false, operand."""


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def require() -> None:
    """Check that a filter can be installed.

    Raises:
        Misconfigured: this machine has none. A recording is not opened without.
    """
    action = ctypes.c_uint32(_KILL_PROCESS)
    machine = _MACHINES.get(platform.machine())
    if machine is None or _seccomp(machine[2], _GET_ACTION_AVAIL, 0, ctypes.byref(action)) != 0:
        raise Misconfigured(
            "Recordings are opened under a filter of system calls (seccomp), which this machine "
            f"({platform.machine()}) does not offer. "
            "It needs Linux 4.14 or newer on x86-64 or arm64, and a container runtime that allows seccomp(2)."
        )


def install() -> None:
    """Put the filter on every thread of this process and on all that it starts. It cannot be taken off.

    Raises:
        OSError: the kernel refused it.
    """
    column, architecture, number = _MACHINES[platform.machine()]
    code = b"".join(struct.pack("=HBBI", *step) for step in program(column, architecture, os.getpid()))
    buffer = ctypes.create_string_buffer(code)
    wanted = _SockFprog(len(code) // 8, ctypes.addressof(buffer))
    if failed := _seccomp(number, _SET_MODE_FILTER, _TSYNC, ctypes.byref(wanted)):
        raise OSError(ctypes.get_errno(), f"the filter of system calls was not installed ({failed})")


def program(column: int, architecture: int, pid: int) -> _Program:
    """Return the filter of one architecture for the process ``pid``."""
    head: _Program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32_NUMBERS),
        (_RETURN, 0, 0, _KILL_PROCESS),
    ]
    free = (_when(number[column], _always(_ALLOW)) for number in syscalls.FREE.values())
    judged = (_when(syscalls.JUDGED[name][column], rule) for name, rule in _rules(pid).items())
    hostile = (_when(number[column], _always(_KILL_PROCESS)) for number in syscalls.HOSTILE.values())
    return [*head, *_joined(free), *_joined(judged), *_joined(hostile), *_always(_REFUSE)]


def _rules(pid: int) -> dict[str, _Program]:
    own = _argument(0, _EQUAL, (pid,), _ALLOW, _KILL_PROCESS)
    return {
        "clone": _argument(0, _ANY_BIT, (_CLONE_THREAD,), _ALLOW, _KILL_PROCESS),
        "clone3": _always(_ERRNO | ENOSYS),  # its flags are in memory, where no filter reads; glibc then uses clone
        "kill": own,
        "tgkill": own,
        "fcntl": _argument(1, _EQUAL, _FCNTL, _ALLOW, _REFUSE),
        "ioctl": _argument(1, _EQUAL, _IOCTL, _ALLOW, _REFUSE),
        "prctl": _argument(0, _EQUAL, _PRCTL, _ALLOW, _REFUSE),
        "prlimit64": _no_new_limit(),
        # On what is open alone. A path beside the flag tells at most whether a file is there.
        "newfstatat": _argument(3, _ANY_BIT, (_AT_EMPTY_PATH,), _ALLOW, _REFUSE),
        "statx": _argument(2, _ANY_BIT, (_AT_EMPTY_PATH,), _ALLOW, _REFUSE),
        "mmap": _argument(2, _ANY_BIT, (_PROT_EXEC,), _REFUSE, _ALLOW),
        "mprotect": _argument(2, _ANY_BIT, (_PROT_EXEC,), _REFUSE, _ALLOW),
    }


def _no_new_limit() -> _Program:
    """Limits may be read: the address of a new one, in two halves, has to be 0."""
    low = _ARGUMENTS + 2 * 8
    return [
        (_LOAD, 0, 0, low),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, low + 4),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]


def _argument(index: int, test: int, operands: Iterable[int], then: int, otherwise: int) -> _Program:
    """Return ``then`` if an argument's low half, all that the kernel reads of it, passes the test with any operand."""
    steps: _Program = [(_LOAD, 0, 0, _ARGUMENTS + index * 8)]
    for operand in operands:
        steps += [(test, 0, 1, operand), (_RETURN, 0, 0, then)]
    return [*steps, *_always(otherwise)]


def _always(action: int) -> _Program:
    return [(_RETURN, 0, 0, action)]


def _when(number: int | None, steps: _Program) -> _Program:
    return [] if number is None else [(_EQUAL, 0, len(steps), number), *steps]


def _joined(parts: Iterable[_Program]) -> _Program:
    return [step for part in parts for step in part]


def _seccomp(number: int, operation: int, flags: int, argument: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, operation, flags, argument))
