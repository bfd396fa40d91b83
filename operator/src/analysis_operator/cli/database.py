"""``guardian database``: the tables of the records."""

from __future__ import annotations

from typing import Annotated

import typer

_Url = Annotated[
    str,
    typer.Option(
        envvar="GUARDIAN_DATABASE_URL",
        show_default=False,
        help="postgresql://USER:PASSWORD@HOST/NAME. Prefer the variable: other users can see arguments.",
    ),
]

app = typer.Typer(no_args_is_help=True, help="The database that keeps a record of every request.")

_EXIT_FAILED = 1


@app.command()
def migrate(url: _Url) -> None:
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


@app.command()
def reader(
    name: Annotated[str, typer.Argument(help="The role.")],
    url: _Url,
    password: Annotated[
        str, typer.Option(envvar="GUARDIAN_READER_PASSWORD", show_default=False, help="Its password: set the variable.")
    ],
) -> None:
    """Make the role that the status API reads records with: SELECT on the tables, and nothing else.

    The database's own role has to be one that may make roles. Again, with another password: the role gets that one.
    """
    from analysis_records.errors import RecordsError
    from analysis_records.roles import make_reader

    try:
        make_reader(url, name, password)
    except RecordsError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(_EXIT_FAILED) from error
    print(f"The role {name} may read the tables.")
