"""The transcript as the result has it: numbers masked, and the passages marked that a warning rests on."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer_contract import Mark, SpokenTurn
from analyzer_contract.spoken import MOST_CHARACTERS, MOST_MARKS, MOST_TURNS
from context_analyzer.answer import grounded
from context_analyzer.detectors.indicators import hits_by_turn
from context_analyzer.language_model import Opinion
from context_analyzer.masking import masked
from context_analyzer.reading import ContextReading
from context_analyzer.transcript import Turn

QUOTED = "ScamWords"
"""The kind of what a language model quotes."""


def spoken_turns(reading: ContextReading, *, evident: bool) -> list[SpokenTurn]:
    """Return what is said.

    Args:
        reading: the transcript, and what was found in it.
        evident: whether the call is suspicious: in one that is not, nothing is marked, whatever the rules know.
    """
    turns = reading.transcript.turns[:MOST_TURNS]
    marks = _marks(reading) if evident else [list[Mark]() for _ in turns]
    return [_turn(turn, found) for turn, found in zip(turns, marks, strict=False)]


def _turn(turn: Turn, marks: list[Mark]) -> SpokenTurn:
    return SpokenTurn(
        speaker=turn.speaker[:30],
        start_seconds=round(turn.start, 2),
        end_seconds=round(max(turn.stop, turn.start), 2),
        text=masked(turn.text)[:MOST_CHARACTERS],
        marks=[mark for mark in marks if mark.end <= MOST_CHARACTERS][:MOST_MARKS],
    )


def _marks(reading: ContextReading) -> list[list[Mark]]:
    """Return the marks of each turn, in order."""
    found = [
        [Mark(begin=hit.begin, end=hit.end, kind=hit.indicator.kind) for hit in hits if hit.end <= MOST_CHARACTERS]
        for hits in reading.computed(hits_by_turn)
    ]
    for number, mark in _quotes(reading):
        found[number].append(mark)
    return [sorted(marks, key=lambda mark: (mark.begin, mark.end)) for marks in found]


def _quotes(reading: ContextReading) -> Iterator[tuple[int, Mark]]:
    for opinion in reading.answers.values():
        if not isinstance(opinion, Opinion):
            continue
        for passage in grounded(opinion.answer.quotes, reading.transcript):
            for number, turn in enumerate(reading.transcript.turns):
                begin = turn.text.find(passage.text)
                end = begin + len(passage.text)
                if begin >= 0 and turn.start <= passage.start <= turn.stop and end <= MOST_CHARACTERS:
                    yield number, Mark(begin=begin, end=end, kind=QUOTED)
                    break
