"""Where a child process begins: ``python -m analyzer_kit.child PARENT``, with the parent's process id."""

from __future__ import annotations

import gc
import sys

from analyzer_kit.child import sandbox


def main() -> None:
    """Ties this process to its parent, then imports what does the work."""
    sandbox.die_with(int(sys.argv[1]))
    gc.disable()  # imports make no garbage worth looking for; serve() turns it on again
    from analyzer_kit.child.tasks import serve

    serve()


if __name__ == "__main__":
    main()
