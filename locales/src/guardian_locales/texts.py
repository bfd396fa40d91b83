"""Types of the texts in a language's file. What stands in {braces} is filled in by the report or the page."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def filled(*names: str) -> AfterValidator:
    """Require exactly these words in braces."""

    def check(text: str) -> str:
        if _names(text) != {*names}:
            wanted = " ".join(f"{{{name}}}" for name in names) or "nothing"
            raise ValueError(f"{wanted} must stand in braces in {text!r}")
        return text

    return AfterValidator(check)


def made_of(*names: str) -> AfterValidator:
    """Allow these words in braces."""

    def check(text: str) -> str:
        if unknown := _names(text) - {*names}:
            raise ValueError(f"{text!r} names {', '.join(sorted(unknown))}: there are {', '.join(names)}")
        return text

    return AfterValidator(check)


type Text = Annotated[str, StringConstraints(min_length=1), filled()]
type Duration = Annotated[str, made_of("minutes", "seconds")]
type Moment = Annotated[str, made_of("year", "month", "day", "hour", "hour_of_12", "half", "minute", "second")]
