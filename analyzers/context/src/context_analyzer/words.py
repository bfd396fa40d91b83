"""Transcripts of calls, judged without a recording: one JSON object a line in, one out. docs/words.md explains it.

Others read these lines: within a ``schemaVersion`` fields are added, and none is renamed, removed or given another
meaning. Every field is in every line; what there is not is null, or an empty list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Literal

from pydantic import Field, ValidationError

from analyzer_contract import Verdict, Wire
from analyzer_kit.verdicts import judge
from context_analyzer.detectors.classifier import ScamClassifier, judged
from context_analyzer.detectors.indicators import FALSE_LOAN, Hit, ScamIndicators, false_lender, hits_by_turn
from context_analyzer.reading import ContextReading
from context_analyzer.reasons import MESSAGES, Reason
from context_analyzer.transcript import Transcript, Turn, Word
from context_analyzer.words_in import MOST_CHARACTERS, Call, read_call
from guardian_service.validation import error_summary

MOST_BYTES = 4 * 1024 * 1024
"""Of one line: eight hours of talk."""

_MOST_SIGNS, _QUOTED = 40, 120

_DETECTORS = (ScamClassifier(), ScamIndicators())


class SignLine(Wire):
    """One sign that a rule found. It explains; it does not decide."""

    kind: str = Field(description="What was found, in CamelCase.")
    turn: int = Field(description="The number of the turn, from 0.")
    quote: str = Field(description="What is said.")


class CallLine(Wire):
    """What is said about one call."""

    schema_version: Literal["v1"] = "v1"
    line: int = Field(description="The number of the line in the file, from 1.")
    id: str | int | float | None = Field(
        description="As it was given; null if there is none, or the line was unreadable."
    )
    verdict: Verdict | None = Field(description="Suspicious, NoEvidence or Inconclusive. Null: the line has none.")
    score: int | None = Field(ge=0, le=100, description="From 50 on the call resembles fraud.")
    reason: str = Field(
        default="", description="Why it is Inconclusive, or there is no verdict, in one CamelCase word. Else empty."
    )
    message: str = Field(default="", description="The same in a sentence.")
    language: str = Field(default="", description="In which it was read: ko or en; empty if in neither.")
    kind: str | None = Field(default=None, description="The kind of fraud that a Suspicious call resembles.")
    stages: list[str] = Field(default_factory=list, description="Its stages that were seen, in the order of a fraud.")
    first_risk_turn: int | None = Field(
        default=None, description="The turn, from 0, with which the evidence came together."
    )
    first_risk_seconds: float | None = Field(default=None, description="When that turn begins, if the line says so.")
    signs: list[SignLine] = Field(default_factory=list, description="What the rules found, at most 40.")


def judge_file(file: BinaryIO) -> Iterator[CallLine]:
    """Return a line for each line of a file that is not empty; memory is bounded whatever is in it."""
    number = 0
    while line := file.readline(MOST_BYTES + 1):
        number += 1
        if len(line) > MOST_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MOST_BYTES)
            yield _refused(number, "LineTooLong", f"The line has more than {MOST_BYTES} bytes.")
        elif line.strip():
            yield judge_line(line, number)


def judge_line(line: bytes, number: int = 1) -> CallLine:
    """Return what is said about the call in one line."""
    try:
        call = read_call(line)
    except ValidationError as error:
        return _refused(
            number,
            Reason.TRANSCRIPT_INVALID,
            error_summary(error, root="line", field_characters=100, message_characters=200),
        )
    if sum(len(turn.text) for turn in call.turns) > MOST_CHARACTERS:
        return _refused(number, Reason.TRANSCRIPT_INVALID, "It has more words than four hours of talk.", call.id)
    return _judge(call, number)


def _judge(call: Call, number: int) -> CallLine:
    transcript, places = _transcript(call)
    line = CallLine(line=number, id=call.id, verdict=Verdict.INCONCLUSIVE, score=0)
    if not transcript.speech:
        return line.model_copy(update=_why(Reason.NO_SPEECH))
    reading = ContextReading(transcript)
    verdict, score = judge([detector.detect(reading) for detector in _DETECTORS], conclusive=True)
    judgement = reading.computed(judged)
    update: dict[str, object] = {
        "verdict": verdict,
        "score": score,
        "signs": _signs(reading.computed(hits_by_turn), places),
    }
    if verdict is Verdict.INCONCLUSIVE:
        update |= _why(Reason.UNSUPPORTED_LANGUAGE)
    if judgement is not None:
        update["language"] = judgement.language
        if judgement.turned is not None:
            update |= {"kind": judgement.kind, "stages": list(judgement.stages)}
            return line.model_copy(update=update | _turned(call, places[judgement.turned]))
    by_turn = reading.computed(hits_by_turn)
    hits = [hit for turn in by_turn for hit in turn]
    if (known := false_lender(hits)) is not None:
        number = next(number for number, turn in enumerate(by_turn) if any(hit is known for hit in turn))
        update |= {"kind": FALSE_LOAN} | _turned(call, places[number])
    return line.model_copy(update=update)


def _turned(call: Call, turn: int) -> dict[str, object]:
    return {"first_risk_turn": turn, "first_risk_seconds": call.turns[turn].start}


def _why(reason: Reason) -> dict[str, object]:
    return {"reason": str(reason), "message": MESSAGES[reason]}


def _transcript(call: Call) -> tuple[Transcript, list[int]]:
    """Return the turns in which something is said, and their numbers in the line."""
    turns, places = list[Turn](), list[int]()
    clock = 0.0
    for number, turn in enumerate(call.turns):
        clock = turn.start if turn.start is not None else clock
        words, begin = list[Word](), 0
        for word in turn.text.split():
            begin = turn.text.index(word, begin)
            words.append(Word(begin, begin + len(word), clock, clock))
            begin += len(word)
        if words:
            turns.append(Turn(turn.speaker, turn.text, tuple(words)))
            places.append(number)
    return Transcript(tuple(turns), call.spoken), places


def _signs(turns: Sequence[Sequence[Hit]], places: Sequence[int]) -> list[SignLine]:
    """Return each kind of sign once for each turn."""
    signs = dict[tuple[str, int], SignLine]()
    for hits, place in zip(turns, places, strict=True):
        for hit in hits:
            kind = hit.indicator.kind
            signs.setdefault((kind, place), SignLine(kind=kind, turn=place, quote=hit.text[:_QUOTED]))
    return list(signs.values())[:_MOST_SIGNS]


def _refused(number: int, reason: str, message: str, name: str | int | float | None = None) -> CallLine:
    return CallLine(line=number, id=name, verdict=None, score=None, reason=reason, message=message)
