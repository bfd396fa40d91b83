"""What is said in a recording, as a result has it: for the report, and for nothing else."""

from __future__ import annotations

from pydantic import Field

from analyzer_contract.wire import Answer

MOST_TURNS, MOST_CHARACTERS, MOST_MARKS = 2_000, 2_000, 40
"""Turns of a result, characters and marks of a turn. Two hours of talk have some 1,500 turns of 60 characters."""


class Mark(Answer):
    """A passage of a turn that a finding rests on."""

    begin: int = Field(ge=0, le=MOST_CHARACTERS, description="Its first character.")
    end: int = Field(ge=0, le=MOST_CHARACTERS, description="The character after its last.")
    kind: str = Field(pattern=r"^[A-Z][A-Za-z0-9]{2,62}$", description="Of the finding.")


class SpokenTurn(Answer):
    """What one person says between two interruptions; numbers are masked."""

    speaker: str = Field(default="", max_length=30, description="Empty: speakers are not told apart.")
    start_seconds: float = Field(ge=0, le=1e9)
    end_seconds: float = Field(ge=0, le=1e9)
    text: str = Field(max_length=MOST_CHARACTERS)
    marks: list[Mark] = Field(default_factory=list, max_length=MOST_MARKS)
