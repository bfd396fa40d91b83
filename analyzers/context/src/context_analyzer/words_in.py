"""A line of :mod:`context_analyzer.words` as it is given: there is more than one way to write such lines.

What decides nothing (speaker, start, the name of the language) never has a line refused.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from analyzer_contract import MAX_SECONDS
from context_analyzer.classifier.text import KOREAN, language_of
from context_analyzer.transcript import plain

MOST_CHARACTERS = 500_000
"""Of one call: eight hours of talk."""

_MOST_TURNS, _NAME = 20_000, 200

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LABEL = re.compile(r"^[ \t]*[^\W\d_]{1,12}[ \t]?\d{0,2}[ \t]?:[ \t]+", re.MULTILINE)
"""Who speaks, at the beginning of a line: part of no sentence."""

_NAMES = {"한국어": "ko", "한국말": "ko", "국어": "ko", "kr": "ko", "영어": "en", "us": "en", "gb": "en"}
_NOT_SAID = {"unknown", "und", "undetermined", "auto", "none", "null", "nan", "n/a", "na", "?", "-"}


def _seconds(value: object) -> float | None:
    """Return a time in seconds, of a number or of text such as 75.5 or 1:15.5; None for what is no time."""
    try:
        parts = [float(part) for part in str(value).strip().removesuffix("s").split(":")]
    except ValueError:
        return None
    seconds = sum(part * 60.0**place for place, part in enumerate(reversed(parts)))
    return seconds if math.isfinite(seconds) and 0 <= seconds <= MAX_SECONDS else None


def _text(value: object) -> object:
    """Return what is said, of one spelling and without who says it."""
    return "" if value is None else _LABEL.sub("", plain_lines(value)) if isinstance(value, str) else value


def plain_lines(text: str) -> str:
    """Return text of one spelling, its lines apart."""
    return "\n".join(plain(line) for line in text.splitlines())


def _speaker(value: object) -> str:
    return "" if value is None else str(value)[:_NAME]


def _code(value: object) -> str:
    name = _speaker(value).strip().lower()
    return "" if name in _NOT_SAID else _NAMES.get(name, name)[:35]


class Said(BaseModel):
    """One turn; text alone is one, too."""

    model_config = ConfigDict(extra="ignore")

    speaker: Annotated[str, BeforeValidator(_speaker)] = ""
    text: Annotated[str, BeforeValidator(_text)] = Field(max_length=MOST_CHARACTERS)
    start: Annotated[float | None, BeforeValidator(_seconds)] = None

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: object) -> object:
        return {"text": value} if isinstance(value, str) else value


class Call(BaseModel):
    """One line."""

    model_config = ConfigDict(extra="ignore")

    id: str | int | Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, union_mode="left_to_right"
    )
    language: Annotated[str, BeforeValidator(_code)] = ""
    turns: list[Said] = Field(max_length=_MOST_TURNS)

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: object) -> object:
        """Take a text for one turn."""
        if not isinstance(value, dict):
            return value
        turns = value.get("turns", value.get("text"))
        return {**value, "turns": [turns]} if isinstance(turns, str) else value

    @property
    def spoken(self) -> str:
        """The code of the language: the letters of Korean are of no other, whatever a line says of itself."""
        return KOREAN if language_of([turn.text for turn in self.turns]) == KOREAN else self.language


def read_call(line: bytes) -> Call:
    """Return the call in a line.

    Raises:
        ValidationError: there is none.
    """
    return Call.model_validate_json(line.removeprefix(_BYTE_ORDER_MARK))
