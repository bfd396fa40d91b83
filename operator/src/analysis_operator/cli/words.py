"""``guardian words``: judge transcripts of calls, without recordings. docs/words.md explains the lines."""

from __future__ import annotations

from typing import Annotated

import typer

_EXIT_FAILED = 1


def words(
    transcripts: Annotated[
        typer.FileBinaryRead,
        typer.Argument(
            metavar="FILE",
            help="One JSON object a line: id, language, turns of speaker, text, start. - is standard input.",
        ),
    ],
) -> None:
    """Judge transcripts of calls: one JSON object a line in, one out. docs/words.md explains them.

    Exit code 0: each line has a verdict. 1: one has none; its line says why. 2: the file does not exist.
    """
    from context_analyzer.words import judge_file  # with NumPy: no other command needs it

    complete = True
    for line in judge_file(transcripts):
        complete = complete and line.verdict is not None
        print(line.model_dump_json(by_alias=True), flush=True)
    if not complete:
        raise typer.Exit(_EXIT_FAILED)
