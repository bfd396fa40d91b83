"""Calls put together from the scripts: whole ones, beginnings, middles, one speaker's part of it, with mistakes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ml.context.noise import as_spoken
from ml.context.templates import Line, Script, filled, shared

CALLER, CALLED = "A", "B"
NEUTRAL, SHARED = "", "Shared"


@dataclass(frozen=True)
class Said:
    """One turn: who says what, and the stage of the fraud that it belongs to; NEUTRAL for none, SHARED for an act."""

    speaker: str
    text: str
    stage: str


@dataclass(frozen=True)
class Made:
    """A call that was put together."""

    script: Script
    turns: tuple[Said, ...]


_SHORTEST, _LONGEST = 120, 3500
"""Characters of Korean; a word of English has about three times those of a Korean one."""

_ENGLISH_LONGER = 2.2
_CALLER_ONLY, _MIDDLE, _CUT_SHORT = 0.35, 0.35, 0.4
_MOST_MISTAKES = 0.14


def calls(script: Script, count: int, seed: str, related: Sequence[Script] = ()) -> Iterator[Made]:
    """Return calls of a script.

    Args:
        script: the family.
        count: how many.
        seed: of the chance, together with the family's name.
        related: scripts whose lines may be mixed in where a call is long.
    """
    for number in range(count):
        draw = random.Random(f"{seed} {script.family} {number}")  # noqa: S311 - no secrets
        yield Made(script, tuple(_call(script, related, draw)))


def _call(script: Script, related: Sequence[Script], draw: random.Random) -> Iterator[Said]:
    common, language = shared(script.language), script.language
    longest = _LONGEST * (_ENGLISH_LONGER if language == "en" else 1)
    wanted = math.exp(draw.uniform(math.log(_SHORTEST), math.log(longest)))
    much = draw.uniform(0, _MOST_MISTAKES)
    caller_only = draw.random() < _CALLER_ONLY
    plain = draw.uniform(0.1, 0.5)
    """Share of turns that say nothing."""

    def say(speaker: str, text: str, stage: str) -> Said:
        return Said(speaker, as_spoken(filled(text, language, draw), language, common.fillers, much, draw), stage)

    for line, stage in _lines(script, related, wanted, draw):
        while draw.random() < plain:
            pool, speaker = draw.choice(
                [(common.replies, CALLED)] * 3 + [(common.caller, CALLER)] * 2 + [(common.chatter, CALLER)]
            )
            if speaker == CALLER or not caller_only:
                yield say(speaker, draw.choice(pool), NEUTRAL)
        if not (line.reply and caller_only):
            yield say(CALLED if line.reply else CALLER, line.text, stage)


def _lines(script: Script, related: Sequence[Script], wanted: float, draw: random.Random) -> Iterator[tuple[Line, str]]:
    stages = list(script.stages)
    first = draw.randrange(1, len(stages) - 1) if draw.random() < _MIDDLE else 0
    last = draw.randrange(max(first, 1), len(stages)) if draw.random() < _CUT_SHORT else len(stages) - 1
    part = stages[first : last + 1]
    if first == 0 and draw.random() < _OPENED:
        for text in draw.sample(shared(script.language).openings, draw.randint(1, 2)):
            yield Line(text, draw.random() < _EVEN), NEUTRAL
    said = 0.0
    breaks = _ACTED if script.acts and draw.random() < _WITH_ACTS else 0.0
    plan = [(stage, list(script.stages[stage])) for stage in part]
    while said < wanted:
        share = max(wanted - said, wanted / 4) / len(plan)
        for stage, pool in plan:
            budget = share
            for line in draw.sample(pool, len(pool)):
                if budget <= 0:
                    break
                yield line, stage if script.scam else NEUTRAL
                if draw.random() < breaks:
                    act = draw.choice(script.acts)
                    for shared_line in draw.sample(act, min(draw.randint(*_ACT_LINES), len(act))):
                        yield shared_line, SHARED
                length = len(line.text) * _CHOICES_SHORTEN
                budget -= length
                said += length
        # A long call goes on about the same, or comes to something else; it neither begins nor ends again.
        other = draw.choice(related) if related and draw.random() < _MIXED else script
        plan = [(stage, list(other.stages[stage])) for stage in list(other.stages)[1:-1]]


_OPENED, _EVEN, _MIXED = 0.5, 0.5, 0.6
_WITH_ACTS, _ACTED, _ACT_LINES = 0.6, 0.12, (2, 12)
"""Share of the calls that have acts, how often one begins after a line, and its length."""
_CHOICES_SHORTEN = 0.55
"""Of a line's characters, choices and brackets included, about this share is said."""
