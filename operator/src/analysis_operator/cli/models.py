"""``guardian models``: make detection models from published weights, and show which are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from guardian_models.errors import ModelError
from guardian_models.folder import Entry, default_folder, entries

_EXIT_FAILED = 1

app = typer.Typer(no_args_is_help=True, help="Detection models: make them from published weights, and list them.")

Folder = Annotated[
    Path | None,
    typer.Option(
        "--models",
        file_okay=False,
        help="Folder of models. Default: $GUARDIAN_MODELS, else ~/.local/share/silver-guardian/models.",
    ),
]


@app.command("import")
def import_(
    weights: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="The weights file.")
    ],
    models: Folder = None,
) -> None:
    """Make a model from a published weights file.

    The file is known by its checksum; docs/models.md says where the publishers have theirs.
    Exit code 0: the model is in the folder, checked. 1: it is not, and why.
    """
    from guardian_models.importing import import_weights

    folder = models or default_folder()
    try:
        manifest = import_weights(weights, folder)
    except ModelError as error:
        _fail(error)
    _say(f"{weights}: sha256 {manifest.source.sha256}, published at {manifest.source.url}")
    _say(f"{manifest.id}: built, and its answer to the probe is right")
    _say(f"Licence of the weights: {manifest.licence}, {manifest.copyright}")
    _say(f"Written: {folder / manifest.file} and {folder / manifest.id}.json")


@app.command("list")
def list_(models: Folder = None) -> None:
    """Show the models of the folder, and whether each is the file that its manifest names.

    Exit code 0: each is, or there are none. 1: one is not.
    """
    folder = models or default_folder()
    try:
        found = entries(folder)
    except ModelError as error:
        _fail(error)
    if not found:
        _say(f"There are no models in {folder}.")
        return
    for line in _lines(found):
        _say(line)
    problems = [entry for entry in found if entry.problem]
    for entry in problems:
        _complain(entry.problem)
    if problems:
        raise typer.Exit(_EXIT_FAILED)


def _lines(found: list[Entry]) -> list[str]:
    rows = [("MODEL", "CHECKSUM", "TAKES", "LICENCE", "FILE")]
    for entry in found:
        takes, licence, file = "", "", ""
        if manifest := entry.manifest:
            takes, licence, file = f"{manifest.input.seconds:.2f} s of sound", manifest.licence, manifest.file
        rows.append((entry.name, "wrong" if entry.problem else "right", takes, licence, file))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _fail(error: ModelError) -> NoReturn:
    _complain(str(error))
    raise typer.Exit(_EXIT_FAILED) from error


def _complain(message: str) -> None:
    Console(stderr=True).print(f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
