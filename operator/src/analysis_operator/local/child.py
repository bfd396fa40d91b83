"""Starts a Python module that ends when its parent does: ``python -m analysis_operator.local.child MODULE [ARG]...``.

Even a parent that is killed leaves nothing behind: Linux sends SIGTERM then. Elsewhere this starts the module plainly.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT_VARIABLE = "GUARDIAN_PARENT_PID"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Arrange for the end, then become the module: the process id stays the same, and so does the arrangement."""
    parent = os.environ.pop(PARENT_VARIABLE, "")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if parent and os.getppid() != int(parent):  # it ended before we asked
            return
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])  # noqa: S606 - no shell, our own arguments


if __name__ == "__main__":
    main()
