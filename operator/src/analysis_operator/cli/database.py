"""``guardian database``: the tables of the records."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The database that keeps a record of every request.")

_EXIT_FAILED = 1


@app.callback()
def _group() -> None:
    """Make `migrate` a command of a group, although it is the only one."""


@app.command()
def migrate(
    url: Annotated[
        str,
        typer.Option(
            envvar="GUARDIAN_DATABASE_URL",
            show_default=False,
            help="postgresql://USER:PASSWORD@HOST/NAME. Prefer the variable: other users can see arguments.",
        ),
    ],
) -> None:
    """Create or upgrade the tables. The operator does this by itself if its role has the rights.

    Exit code 0: they are up to date. 1: they are not; the output says why.
    """
    from analysis_records import migrate as migrations
    from analysis_records.errors import RecordsError

    try:
        migrations.migrate(url)
    except RecordsError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(_EXIT_FAILED) from error
    print(f"The tables are up to date: step {migrations.steps()[0]}.")
