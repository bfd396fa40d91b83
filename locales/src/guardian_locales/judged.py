"""What a headline needs to know of analyses, whichever form they are in: a status, or what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from analyzer_contract import Verdict


class Found(Protocol):
    """A finding, as far as a headline needs it."""

    @property
    def kind(self) -> str:
        """What was found."""

    @property
    def score(self) -> int:
        """How strong it is."""


class Judged(Protocol):
    """An analysis, as far as a headline needs it."""

    @property
    def name(self) -> str:
        """The analyzer."""

    @property
    def verdict(self) -> Verdict | None:
        """What it says."""

    @property
    def score(self) -> int | None:
        """How strong its evidence is."""

    @property
    def findings(self) -> Sequence[Found]:
        """The strongest ones."""
