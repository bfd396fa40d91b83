"""``guardian models``: build detection models from published weights, and list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from analysis_operator.cli.output import print_error, print_text
from guardian_models.errors import ModelError
from guardian_models.folder import Entry, default_folder, entries

_EXIT_FAILED = 1

app = typer.Typer(no_args_is_help=True, help="Detection models: build them from published weights, and list them.")

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
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="Published weights file."),
    ],
    models: Folder = None,
) -> None:
    """Build a model from a published weights file.

    The file is recognised by its checksum; docs/models.md says where to download it.
    Exit code 0: the model is in the folder, checked. 1: it is not; the output says why.
    """
    from guardian_models.importing import import_weights

    folder = models or default_folder()
    try:
        manifest = import_weights(weights, folder)
    except ModelError as error:
        _fail(error)
    _print(f"{weights}: sha256 {manifest.source.sha256}, published at {manifest.source.url}")
    _print(f"{manifest.id}: built; its output for the probe is right")
    _print(f"Licence of the weights: {manifest.licence}, {manifest.copyright}")
    _print(f"Written: {folder / manifest.file} and {folder / manifest.id}.json")


@app.command("import-speech")
def import_speech(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="Whisper in the form of CTranslate2.")
    ],
    model_id: Annotated[str, typer.Option("--id", help="The name that it gets, such as whisper-small.")],
    licence: Annotated[str, typer.Option(help="Of the weights, such as MIT.")],
    models: Folder = None,
) -> None:
    """Copy a model that writes down what is said into the folder, with a manifest of its files' checksums.

    Exit code 0: it is there. 1: it is not; the output says why.
    """
    from guardian_models.speech import add

    folder = models or default_folder()
    try:
        manifest = add(source, folder, model_id, licence=licence)
    except ModelError as error:
        _fail(error)
    _print(f"Written: {folder / manifest.id} ({len(manifest.files)} files) and {folder / manifest.id}.json")


@app.command("list")
def list_(models: Folder = None) -> None:
    """List the models of the folder, and whether each file has the checksum of its manifest.

    Exit code 0: each has, or there are none. 1: one has not.
    """
    folder = models or default_folder()
    try:
        listed = entries(folder)
    except ModelError as error:
        _fail(error)
    if not listed:
        _print(f"There are no models in {folder}.")
        return
    for line in _lines(listed):
        _print(line)
    problems = [entry for entry in listed if entry.problem]
    for entry in problems:
        print_error(entry.problem)
    if problems:
        raise typer.Exit(_EXIT_FAILED)


def _lines(listed: list[Entry]) -> list[str]:
    rows = [("MODEL", "CHECKSUM", "TAKES", "LICENCE", "FILE")]
    for entry in listed:
        takes, licence, file = "", "", ""
        if manifest := entry.manifest:
            takes, licence, file = str(manifest.input), manifest.licence, manifest.file
        rows.append((entry.name, "wrong" if entry.problem else "right", takes, licence, file))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _fail(error: ModelError) -> NoReturn:
    print_error(error)
    raise typer.Exit(_EXIT_FAILED) from error


def _print(text: str) -> None:
    print_text(Console(), text)
