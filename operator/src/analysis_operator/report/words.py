"""What the page says besides the analyzers' own sentences: one :class:`Words` for each language, with the same keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from analyzer_contract import Verdict


@dataclass(frozen=True, slots=True)
class Meaning:
    """How one verdict, or its absence, is explained."""

    title: str
    tag: str
    means: str
    not_means: str
    steps: tuple[str, ...]
    """What to do now, most urgent first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of finding is explained."""

    title: str
    what: str
    honest: str
    """How such a finding comes about without any deceit."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    code: str
    """For the ``lang`` attribute."""
    name: str
    """The language's own name."""
    meanings: Mapping[Verdict | None, Meaning]
    kinds: Mapping[str, Kind]
    """By a finding's kind. One that is missing here is shown in the analyzer's own words, which are English."""
    detectors: Mapping[str, str]
    """Names of those that are not called after the one kind that they find."""
    analyzers: Mapping[str, str]
    reasons: Mapping[str, str]
    """Why an analysis has no verdict."""
    phones: tuple[tuple[str, str], ...]
    """Numbers to call in Korea, and who answers."""
    limits: tuple[str, ...]
    """What no detector can say, whichever ran."""
    reading: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]
    span: Callable[[float, float], str]
    """From and to, in seconds of the recording."""
    length: Callable[[float], str]
    moment: Callable[[datetime], str]
    """A date and time, aware."""

    def title(self, kind: str) -> str:
        """Give the name of a kind of finding, or of a detector."""
        known = self.kinds.get(kind)
        return known.title if known else self.detectors.get(kind) or words(kind)

    def analyzer(self, name: str) -> str:
        """Give what an analyzer looks at."""
        return self.analyzers.get(name) or words(name)


def tone(verdict: Verdict | None) -> str:
    """Give the class that colours a verdict."""
    tones = {Verdict.LIKELY_FAKE: "bad", Verdict.SUSPICIOUS: "warn", Verdict.NO_EVIDENCE: "calm"}
    return tones.get(verdict, "unsure") if verdict else "unsure"


def words(name: str) -> str:
    """Give a CamelCase name as words: ``DuplicatedFrames`` becomes ``Duplicated frames``."""
    first, *others = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]", " ", name).split() or [""]
    told = [other if other.isupper() else other.lower() for other in others]
    return " ".join([first[:1].upper() + first[1:], *told])


def clock(seconds: float) -> str:
    """Give a time in a recording as mm:ss.s."""
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths % 600 / 10:04.1f}"
