"""The beginning of a child process: ``python -m analyzer_kit.child PARENT``, with the parent's process id."""

from __future__ import annotations

import gc
import sys

from analyzer_kit.child import sandbox


def main() -> None:
    """Tie this process to its parent, then import what does the work, and serve."""
    sandbox.die_with(int(sys.argv[1]))
    gc.disable()  # imports make no garbage worth looking for; serve() turns it on again
    from analyzer_kit.child.tasks import serve

    serve()


if __name__ == "__main__":
    main()
