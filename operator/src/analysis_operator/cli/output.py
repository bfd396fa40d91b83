"""Print texts to people as they are: names, messages and paths are not markup, and no line is broken.

What they come from is not trusted: characters that would move the cursor, colour the terminal or turn the direction of
writing are shown as what they are.
"""

from __future__ import annotations

import logging
import re
import sys
from enum import StrEnum

import structlog
from rich.console import Console
from rich.text import Text

from guardian_service.s3 import HIDING_PATTERN

_HIDDEN = re.compile(rf"{HIDING_PATTERN}|[\ud800-\udfff]")
_HIDDEN_IN_LINES = re.compile(rf"(?!\n)(?:{_HIDDEN.pattern})")


class Output(StrEnum):
    """The form of what is printed about files."""

    TEXT = "text"
    JSONL = "jsonl"


def visible(text: object) -> str:
    """Return one line of text with every control character, and every change of direction, as an escape sequence."""
    return _HIDDEN.sub(_escaped, str(text))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def print_text(console: Console, text: str, style: str = "") -> None:
    """Print text of one or more lines."""
    # As Text: a style that is given to print() would colour a progress bar below, too.
    console.print(Text(_HIDDEN_IN_LINES.sub(_escaped, text), style), soft_wrap=True)


def print_error(error: object) -> None:
    """Print an error to standard error."""
    print_text(Console(stderr=True), f"Error: {error}", style="red")


def log_to_stderr() -> None:
    """Show warnings and what is worse on standard error: standard output is for other programs."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
