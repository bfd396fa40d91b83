"""Run a Python module that ends with its parent: ``python -m analysis_operator.local.child MODULE [ARG]...``.

Even a parent that is killed leaves no process behind: Linux sends SIGTERM then. On other systems the module just runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT_VARIABLE = "GUARDIAN_PARENT_PID"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then become the module: the process id and the request for the signal stay."""
    parent = os.environ.pop(PARENT_VARIABLE, "")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if parent and os.getppid() != int(parent):  # it has ended already
            return
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])  # noqa: S606 - no shell, our own arguments


if __name__ == "__main__":
    main()
