"""``guardian transcribe``: write down what is said in recordings, on this machine. docs/transcribe.md has the lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from analysis_operator.cli.output import log_to_stderr, print_error
from guardian_models.folder import default_folder

if TYPE_CHECKING:
    from context_analyzer.speech.lines import TranscriptLine

_EXIT_FAILED = 1


def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", exists=True, dir_okay=False, help="Recordings of any kind.")
    ],
    language: Annotated[str, typer.Option(help="In which they are spoken, such as ko; else it is found out.")] = "",
    models: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Folder of models. Default: $GUARDIAN_MODELS, else ~/.local/share/silver-guardian/models.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="The model that listens; else the only one for speech.")] = "",
) -> None:
    """Write down what is said: one JSON object a recording, which `guardian words` reads. Nothing leaves this machine.

    Exit code 0: each has a transcript. 1: one has none; its line says why. 2: a file does not exist.
    """
    from context_analyzer.speech.lines import NotReady, transcribe_files  # no other command needs it
    from guardian_models.choice import choose_speech
    from guardian_models.errors import ModelError

    folder = models or default_folder()
    try:
        manifest = choose_speech(folder, model)
    except ModelError as error:
        _fail(str(error))
    if manifest is None:
        _fail(f"There is no model for speech in {folder}: `make speech-model` puts Whisper base there.")
    log_to_stderr()
    named = {str(file): file.resolve() for file in files}
    try:
        complete = asyncio.run(_print(transcribe_files(named, folder, manifest.id, language)))
    except NotReady as error:
        _fail(str(error))
    if not complete:
        raise typer.Exit(_EXIT_FAILED)


async def _print(lines: AsyncIterator[TranscriptLine]) -> bool:
    """Print the lines as they come, and return whether each has a transcript."""
    complete = True
    async for line in lines:
        complete = complete and not line.reason
        print(line.model_dump_json(by_alias=True), flush=True)
    return complete


def _fail(message: str) -> NoReturn:
    print_error(message)
    raise typer.Exit(_EXIT_FAILED)
