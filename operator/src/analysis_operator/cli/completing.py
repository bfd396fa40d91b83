"""Completion where kubectl asks for it, which runs a program of its own for that: ``kubectl_complete-guardian``.

It gets the words behind ``kubectl guardian``, the last one as far as it is typed, and prints what programs made with
cobra print: a line for each completion, with a tab before its description, and last a colon and a number, which says
whether the shell may offer files. What completes a word is typer's completion, which ``guardian`` has in every shell.
"""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress

import typer
from typer.completion import get_completion_inspect_parameters

_VARIABLE = "_KUBECTL_GUARDIAN_COMPLETE"
_FILES_TOO = ":0"
_NO_FILES = ":4"


def answer(app: typer.Typer, words: Sequence[str]) -> str:
    """Return what may stand in place of the last word, as kubectl reads it. Where nothing is known: files."""
    get_completion_inspect_parameters()  # typer knows no shells where it adds no option to set them up
    *before, begun = words or [""]
    line = f"{shlex.join(['guardian', *before])} {shlex.quote(begun) if begun else ''}"
    # As for fish, whose lines are those of cobra. They are not to be broken where a terminal ends.
    asked = {_VARIABLE: "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": line}
    with redirect_stdout(io.StringIO()) as printed, suppress(SystemExit), _environment(asked | {"COLUMNS": "1000"}):
        app(prog_name="kubectl guardian", complete_var=_VARIABLE)
    found = [line for line in printed.getvalue().splitlines() if line]
    return "\n".join([*found, _NO_FILES if found else _FILES_TOO, ""])


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.pop(name, None) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
