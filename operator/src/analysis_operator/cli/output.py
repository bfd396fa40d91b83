"""Print texts to people as they are: names, messages and paths are not markup, and no line is broken."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def print_text(console: Console, text: str, style: str = "") -> None:
    """Print text."""
    # As Text: a style that is given to print() would colour a progress bar below, too.
    console.print(Text(text, style), soft_wrap=True)


def print_error(error: object) -> None:
    """Print an error to standard error."""
    print_text(Console(stderr=True), f"Error: {error}", style="red")
