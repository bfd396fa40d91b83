"""The scripts of ``corpus/`` and the sentences that they stand for."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "corpus"
HONEST = "Honest"

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
_REPLY = "> "


@dataclass(frozen=True)
class Line:
    """One utterance, with its choices still open.

    Attributes:
        text: with choices and slots.
        reply: whether it is the called person's.
    """

    text: str
    reply: bool


@dataclass(frozen=True)
class Script:
    """One family of calls.

    Attributes:
        family: its name; a split never divides a family.
        kind: of fraud, or HONEST.
        language: ``ko`` or ``en``.
        stages: the lines of each part of the call, in order.
        acts: talk that it shares with scripts of the other label; each is a few minutes.
    """

    family: str
    kind: str
    language: str
    stages: Mapping[str, Sequence[Line]]
    acts: Sequence[Sequence[Line]] = ()

    @property
    def scam(self) -> bool:
        """Whether it is a fraud."""
        return self.kind != HONEST


@dataclass(frozen=True)
class Shared:
    """What is said in calls of every kind.

    Attributes:
        openings: lines for the beginning.
        replies: of the called person.
        caller: lines of the caller that say nothing.
        chatter: small talk.
        fillers: words without a meaning.
    """

    openings: Sequence[str]
    replies: Sequence[str]
    caller: Sequence[str]
    chatter: Sequence[str]
    fillers: Sequence[str]


@dataclass(frozen=True)
class Variants:
    """How else the same is said.

    Attributes:
        same: a word, and one that is said for it.
        endings: of sentences, and others in their place.
    """

    same: Sequence[tuple[str, str]]
    endings: Mapping[str, Sequence[str]]


@cache
def variants(language: str) -> Variants:
    """Return how else the same is said in a language."""
    entry = yaml.safe_load((FOLDER / language / "variants.yaml").read_text(encoding="utf-8"))
    return Variants([(before, after) for before, after in entry["same"]], entry["endings"])


@cache
def scripts(language: str) -> tuple[Script, ...]:
    """Return all scripts of a language, in the order of the files."""
    return tuple(script for path in sorted((FOLDER / language).glob("*-*.yaml")) for script in _read(path, language))


@cache
def shared(language: str) -> Shared:
    """Return what calls of every kind share."""
    entry = yaml.safe_load((FOLDER / language / "common.yaml").read_text(encoding="utf-8"))
    return Shared(
        _lines(entry["openings"]),
        _lines(entry["replies"]),
        _lines(entry["caller"]),
        _lines(entry["chatter"]),
        entry["fillers"],
    )


@cache
def slots(language: str) -> Mapping[str, Sequence[str]]:
    """Return the words for each slot."""
    entry = yaml.safe_load((FOLDER / language / "slots.yaml").read_text(encoding="utf-8"))
    return {name: tuple(map(str, words)) for name, words in entry.items()}


def filled(text: str, language: str, draw: random.Random) -> str:
    """Return one of the sentences that a line stands for."""
    while match := CHOICE.search(text):
        text = f"{text[: match.start()]}{draw.choice(match[1].split('|'))}{text[match.end() :]}"
    words = slots(language)
    text = SLOT.sub(lambda match: draw.choice(words[match[1]]), text)
    return " ".join(text.split())


@cache
def acts(language: str) -> Mapping[str, Sequence[Line]]:
    """Return the talk that frauds and honest calls of a language share, by its subject."""
    path = FOLDER / language / "acts.yaml"
    entry = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: _said(text) for name, text in entry.items()}


def _read(path: Path, language: str) -> Iterator[Script]:
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        stages = {stage: _said(text) for stage, text in entry["stages"].items()}
        shared_talk = [acts(language)[name] for name in entry.get("acts", ())]
        yield Script(entry["family"], entry["kind"], language, stages, shared_talk)


def _said(text: str) -> tuple[Line, ...]:
    return tuple(Line(line.removeprefix(_REPLY), line.startswith(_REPLY)) for line in _lines(text))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())
