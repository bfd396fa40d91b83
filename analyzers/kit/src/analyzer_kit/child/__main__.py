"""The beginning of a template: ``python -m analyzer_kit.child SERVICE``, with the service's process id."""

from __future__ import annotations

import gc
import sys

from analyzer_kit.child import sandbox


def main() -> None:
    """Tie this process to the service, then import what does the work, and serve."""
    service = int(sys.argv[1])
    sandbox.die_with(service)
    gc.disable()  # imports make no garbage worth looking for; the children turn it on again
    from analyzer_kit.child.template import serve

    serve(service)


if __name__ == "__main__":
    main()
