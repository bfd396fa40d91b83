"""The command line: ``guardian``, and as a plugin of kubectl ``kubectl guardian``.

It needs the extra ``local``, which the cluster's image does without.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

AS_PLUGIN = Path(sys.argv[0]).stem in {"kubectl-guardian", "kubectl_complete-guardian"}
"""Whether kubectl, or someone in its place, started the program."""


def main() -> None:
    """Run the command line, or name the package that is not installed."""
    _app()(prog_name="kubectl guardian" if AS_PLUGIN else None)


def complete() -> None:
    """Tell kubectl what may follow the words that it gives: the program ``kubectl_complete-guardian``."""
    app = _app()
    from analysis_operator.cli.completing import answer

    print(answer(app, sys.argv[1:]), end="")


def _app() -> typer.Typer:
    try:
        from analysis_operator.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit(f"guardian needs {error.name}: install silver-guardian-operator[local], or run `make setup`.")
    return app
