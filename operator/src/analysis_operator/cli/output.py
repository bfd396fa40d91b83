"""Print texts to people as they are: names, messages and paths are not markup, and no line is broken."""

from __future__ import annotations

import logging
import sys

import structlog
from rich.console import Console
from rich.text import Text


def print_text(console: Console, text: str, style: str = "") -> None:
    """Print text."""
    # As Text: a style that is given to print() would colour a progress bar below, too.
    console.print(Text(text, style), soft_wrap=True)


def print_error(error: object) -> None:
    """Print an error to standard error."""
    print_text(Console(stderr=True), f"Error: {error}", style="red")


def log_to_stderr() -> None:
    """Show warnings and what is worse on standard error: standard output is for other programs."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
