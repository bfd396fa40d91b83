"""What is said in a recording, as the report shows it: cut where passages are marked; and when a call turned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from analyzer_contract import AnalysisReport, Finding, SpokenTurn, Verdict

_SUFFIX, _STAGE = "Scam", "ScamStage"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a turn's text; ``kind`` of the finding that it is marked for, or empty."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Said:
    """One turn; ``speaker`` is a letter, by the order in which they begin to speak, or empty."""

    speaker: str
    seconds: float
    pieces: tuple[Piece, ...]


def said(result: AnalysisReport) -> list[Said]:
    """Return what is said, in order."""
    speakers = list(dict.fromkeys(turn.speaker for turn in result.transcript if turn.speaker))
    letters = dict(zip(speakers, ascii_uppercase, strict=False)) | {"": ""}
    return [
        Said(letters.get(turn.speaker, "?"), turn.start_seconds, tuple(_pieces(turn))) for turn in result.transcript
    ]


def turned(result: AnalysisReport) -> Finding | None:
    """Return the finding of the kind of fraud that a call resembles: it begins where the call turned."""
    if result.verdict is not Verdict.SUSPICIOUS:
        return None
    kinds = [
        finding
        for detector in result.detectors
        for finding in detector.findings
        if finding.kind.endswith(_SUFFIX) and not finding.kind.startswith(_STAGE)
    ]
    return max(kinds, key=lambda finding: finding.score, default=None)


def _pieces(turn: SpokenTurn) -> Iterator[Piece]:
    """Yield the text in pieces; marks that overlap are one, of the first one's kind."""
    place = 0
    for mark in sorted(turn.marks, key=lambda mark: (mark.begin, -mark.end)):
        begin, end = max(mark.begin, place), min(mark.end, len(turn.text))
        if begin >= end:
            continue
        if begin > place:
            yield Piece(turn.text[place:begin], "")
        yield Piece(turn.text[begin:end], mark.kind)
        place = end
    if place < len(turn.text):
        yield Piece(turn.text[place:], "")
