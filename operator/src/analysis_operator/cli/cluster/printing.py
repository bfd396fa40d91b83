"""Print rows, objects and answers. Colours are rich's: none where the output is piped, or with NO_COLOR."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.text import Text

from analysis_operator.api import GROUP, VERSION
from analysis_operator.cli.live import VERDICT_STYLE
from analysis_operator.cli.output import visible

_GAP = 3


class Format(StrEnum):
    """The form of what is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class ListFormat(StrEnum):
    """The form of a list."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Document(StrEnum):
    """The form of what is printed where there are no names to print."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Lines(Console):
    """Standard output; one who reads it and goes away ends the command."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Let the command end in order, where rich would end the process."""
        raise  # noqa: PLE0704 - called while the error is handled


def print_grid(console: Console, rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Print rows in columns, the first as their head; no line is cut or broken, so that other programs can read it.

    Args:
        console: where to.
        rows: the cells, all rows of the same length.
        right: the columns of numbers.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    numbers = set(right)
    for index, row in enumerate(shown):
        line = Text(style="" if index else "bold")
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            text = cell.rjust(width) if column in numbers else cell.ljust(width)
            line.append(text, VERDICT_STYLE.get(cell, ""))
            line.append(" " * _GAP)
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_wrapped(console: Console, text: str, *, indent: str = "", style: str = "") -> None:
    """Print a sentence, broken at the width of the console."""
    width = max(40, console.width)
    rest = " " * len(indent)
    lines = textwrap.wrap(
        visible(text), width, initial_indent=indent, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    console.print(Text("\n".join(lines), style), soft_wrap=True)


def print_document(document: object, form: str) -> None:
    """Print JSON or YAML, every character that is not ASCII escaped: it may have come from anyone."""
    if form == Format.YAML:
        import yaml

        print(yaml.safe_dump(document, sort_keys=False, width=10_000), end="")
    else:
        print(json.dumps(document, indent=2))


def print_objects(
    items: Sequence[Mapping[str, Any]], form: str, *, alone: bool = False, kind: str = "AnalysisRequest"
) -> None:
    """Print objects of a kind as JSON, YAML or names; one alone as itself, several as a list."""
    if form == Format.NAME:
        for item in items:
            print(f"{kind.lower()}.{GROUP}/{visible(item['metadata']['name'])}")
        return
    common = {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind}
    bare = [common | _without_noise(item) for item in items]
    print_document(bare[0] if alone else {"apiVersion": "v1", "kind": "List", "items": bare}, form)


def _without_noise(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "metadata": {key: value for key, value in item["metadata"].items() if key != "managedFields"}}
