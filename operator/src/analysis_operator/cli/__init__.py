"""The command line: ``guardian``, and as a plugin of kubectl ``kubectl guardian``.

It needs the extra ``local``, which the cluster's image does without.
"""

from __future__ import annotations

import sys
from pathlib import Path

AS_PLUGIN = Path(sys.argv[0]).stem == "kubectl-guardian"
"""Whether kubectl, or someone in its place, started the program."""


def main() -> None:
    """Run the command line, or name the package that is not installed."""
    try:
        from analysis_operator.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit(f"guardian needs {error.name}: install silver-guardian-operator[local], or run `make setup`.")
    app(prog_name="kubectl guardian" if AS_PLUGIN else None)
