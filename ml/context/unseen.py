"""``python -m ml.context.unseen``: how calls are judged that nobody trained on, failures first.

The calls of ``calls/unseen`` were written from what authorities and papers tell of such calls, without a look at the
training's scripts, and before the classifier saw them. The first set was then looked at; the second was not, until
the end. Their checksums are in docs/cards/words.md.

Writes the part of docs/cards/words.md that is about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from context_analyzer.classifier.judging import judge_texts
from context_analyzer.detectors.indicators import find_hits, score_of
from context_analyzer.transcript import Transcript, Turn, Word
from context_analyzer.words import judge_line
from ml.common.paths import repo_root

FOLDER = Path(__file__).parent / "calls" / "unseen"
TARGET = repo_root() / "docs" / "cards" / "words.md"
_BEGIN, _END = "<!-- unseen: begin -->", "<!-- unseen: end -->"
_SETS = ("first", "second", "third")
_CUTS: dict[str, int | None] = {"whole": None, "1,000 characters": 1000, "300 characters": 300}
_SYLLABLES_A_SECOND, _LETTERS_A_SECOND = 4.5, 14


@dataclass(frozen=True)
class Unseen:
    """One call.

    Attributes:
        name: of the call.
        kind: of fraud; empty if it is honest.
        language: ko or en.
        batch: which set it is in.
        turns: what is said; one where nobody told the speakers apart.
    """

    name: str
    kind: str
    language: str
    batch: str
    turns: tuple[str, ...]

    @property
    def scam(self) -> bool:
        """Whether it is a fraud."""
        return bool(self.kind)

    def cut(self, most: int | None) -> tuple[str, ...]:
        """Return its turns up to so many characters."""
        if most is None:
            return self.turns
        kept = list[str]()
        for turn in self.turns:
            kept.append(turn[: max(most, 0)])
            most -= len(turn)
        return tuple(turn for turn in kept if turn)


def unseen(batch: str) -> list[Unseen]:
    """Return the calls of a set, in the order of the files."""
    return [call for path in sorted(FOLDER.glob(f"{batch}-*.txt")) for call in _read(path, batch)]


def _read(path: Path, batch: str) -> Iterator[Unseen]:
    language = "en" if path.stem.endswith("en") else "ko"
    for block in path.read_text(encoding="utf-8").split("# ")[1:]:
        head, *lines = block.strip().split("\n")
        name, _, kind = head.partition(" ")
        turns = tuple(line.removeprefix("A: ").removeprefix("B: ") for line in lines)
        yield Unseen(name, kind.removeprefix("fraud").strip() if kind != "honest" else "", language, batch, turns)


@dataclass(frozen=True)
class Answer:
    """How one call is judged: by both, by the classifier, by the rules; and the score and evidence of it.

    Attributes:
        joined: whether it is Suspicious.
        classifier: whether the classifier alone would say so.
        rules: whether the rules alone would.
        score: of both.
        evidence: of the classifier.
    """

    joined: bool
    classifier: bool
    rules: bool
    score: int
    evidence: float


def answer(turns: Sequence[str]) -> Answer:
    """Return how a call is judged."""
    line = judge_line(json.dumps({"id": "", "turns": [{"text": text} for text in turns]}).encode())
    judgement = judge_texts(turns)
    return Answer(
        line.verdict is Verdict.SUSPICIOUS,
        judgement is not None and judgement.score >= SUSPICIOUS_FROM,
        score_of(find_hits(_transcript(turns))) >= SUSPICIOUS_FROM,
        line.score or 0,
        judgement.evidence if judgement is not None else 0.0,
    )


def _transcript(turns: Sequence[str]) -> Transcript:
    return Transcript(tuple(Turn("", text, (Word(0, len(text), 0, 0),)) for text in turns))
