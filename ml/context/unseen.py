"""``python -m ml.context.unseen``: how calls are judged that were not trained on, failures first.

The calls of ``calls/unseen`` were written from what authorities and papers tell of such calls, without a look at the
training's scripts, and before the classifier saw them. The first set was then looked at, and the second when the next
scripts were written; the later ones were each run once, at the end, and the first four set lines. The hard ones are
frauds that use none of the usual words, by the authors of the sixth set and of each later one.
Writes the part of docs/cards/words.md that is about them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from context_analyzer.classifier.judging import judge_texts
from context_analyzer.detectors.indicators import find_hits, score_of
from context_analyzer.transcript import Transcript, Turn, Word
from context_analyzer.words import judge_line
from ml.common.metrics import wilson
from ml.common.paths import repo_root

FOLDER = Path(__file__).parent / "calls" / "unseen"
TARGET = repo_root() / "docs" / "cards" / "words.md"
_BEGIN, _END = "<!-- unseen: begin -->", "<!-- unseen: end -->"
_SETS = {
    "eleventh": "by four other authors; judged once, when a rule stood that decides by it",
    "hard-six": "frauds without the usual words, by the authors of the eleventh; judged with it",
    "tenth": "by four other authors; judged once, when a rule stood that decides by it",
    "hard-five": "frauds without the usual words, by the authors of the tenth; judged with it",
    "ninth": "by two other authors; judged once, when a rule stood that decides by it",
    "hard-four": "frauds without the usual words, by the authors of the ninth; judged with it",
    "eighth": "by two other authors; judged once, when a rule stood that decides by it",
    "hard-three": "frauds without the usual words, by the authors of the eighth; judged with it",
    "seventh": "by two other authors; judged once, when a rule stood that decides by it",
    "hard-two": "frauds without the usual words, by the authors of the seventh; judged with it",
    "sixth": "by another author; judged once, by weights that had not been changed since the fifth",
    "hard": "frauds without the usual words, by the author of the sixth; judged with it",
    "fifth": "by another author; judged once, when weights and line stood",
    "fourth": "by another author; judged once, and then it was among those that set a line",
    "third": "by another author; judged once, and then the line was moved",
    "first": "looked at when scripts were added",
    "second": "run once before, and seen since",
}
_LANGUAGES = {"ko": "Korean", "en": "English"}
_SECOND = {"ko": 4.5, "en": 14.0}
"""Letters that are said in a second: the calls have no times. Syllables in Korean, as ml/context/scripts.py has it."""


@dataclass(frozen=True)
class Unseen:
    """One call.

    Attributes:
        name: of the call.
        kind: of fraud; empty if it is honest.
        language: ko or en.
        batch: which set it is in.
        turns: what is said; one where the speakers are not told apart.
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

    def cut(self, most: float) -> tuple[str, ...]:
        """Return its turns up to so many characters."""
        kept, left = list[str](), round(most)
        for turn in self.turns:
            kept.append(turn[: max(left, 0)])
            left -= len(turn)
        return tuple(turn for turn in kept if turn)

    def heard(self, seconds: float) -> tuple[str, ...]:
        """Return what is said in so many seconds, at a usual speed; spaces take no time."""
        letters = seconds * _SECOND[self.language]
        text = " ".join(self.turns)
        return self.cut(letters * len(text) / max(len(text.replace(" ", "")), 1))


PARTS: dict[str, Callable[[Unseen], tuple[str, ...]]] = {
    "whole": lambda call: call.turns,
    "whole, in one turn": lambda call: (" ".join(call.turns),),
    "1,000 characters": lambda call: call.cut(1000),
    "300 characters": lambda call: call.cut(300),
    "60 s": lambda call: call.heard(60),
    "30 s": lambda call: call.heard(30),
}


def unseen(batch: str) -> list[Unseen]:
    """Return the calls of a set, in the order of the files."""
    return [call for path in sorted(FOLDER.glob(f"{batch}-[ek]*.txt")) for call in _read(path, batch)]


def _read(path: Path, batch: str) -> Iterator[Unseen]:
    language = "en" if path.stem.endswith("en") else "ko"
    for block in path.read_text(encoding="utf-8").split("# ")[1:]:
        head, *lines = block.strip().split("\n")
        name, _, kind = head.partition(" ")
        turns = tuple(line.removeprefix("A: ").removeprefix("B: ") for line in lines)
        yield Unseen(name, kind.removeprefix("fraud").strip() if kind != "honest" else "", language, batch, turns)


@dataclass(frozen=True)
class Answer:
    """Who accuses a call: both together, the classifier alone, the rules alone; and the score of both."""

    joined: bool
    classifier: bool
    rules: bool
    score: int


def answer(turns: Sequence[str]) -> Answer:
    """Return how a call is judged."""
    line = judge_line(json.dumps({"turns": list(turns)}).encode())
    judgement = judge_texts(turns)
    return Answer(
        line.verdict is Verdict.SUSPICIOUS,
        judgement is not None and judgement.score >= SUSPICIOUS_FROM,
        rules_accuse(turns),
        line.score or 0,
    )


def rules_accuse(turns: Sequence[str]) -> bool:
    """Return whether the rules by themselves accuse."""
    transcript = Transcript(tuple(Turn("", text, (Word(0, len(text), 0, 0),)) for text in turns))
    return score_of(find_hits(transcript)) >= SUSPICIOUS_FROM


def card() -> str:
    """Return the part of the card, failures first."""
    return "\n\n".join(_batch(batch, about) for batch, about in _SETS.items())


def _batch(batch: str, about: str) -> str:
    calls = unseen(batch)
    lines = [f"#### The {batch} set: {about}\n"]
    for call in calls:
        said = answer(call.turns)
        if said.joined is not call.scam:
            lines.append(f"- {call.name}: {'missed' if call.scam else 'wrongly accused'}, score {said.score}.")
    head = ("language", "heard", "frauds found", "honest calls accused", "classifier alone", "rules alone")
    lines += [f"\n| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for code, language in _LANGUAGES.items():
        some = [call for call in calls if call.language == code]
        lines += [_row(some, language, part) for part in PARTS if some]
    return "\n".join([*lines, "", _kinds(calls)])


def _row(calls: Sequence[Unseen], language: str, part: str) -> str:
    frauds = [answer(PARTS[part](call)) for call in calls if call.scam]
    honest = [answer(PARTS[part](call)) for call in calls if not call.scam]
    cells = [_share([one.joined for one in frauds]), _share([one.joined for one in honest])]
    for who in ("classifier", "rules"):
        found, wrong = (sum(getattr(one, who) for one in some) for some in (frauds, honest))
        cells.append(f"{found} found, {wrong} accused")
    return f"| {language} | {part} | {' | '.join(cells)} |"


def _share(accused: Sequence[bool]) -> str:
    if not accused:
        return "none there"
    low, high = wilson(sum(accused), len(accused))
    return f"{sum(accused)} of {len(accused)} ({low:.0%} to {high:.0%})"


def _kinds(calls: Sequence[Unseen]) -> str:
    counts: dict[str, list[bool]] = defaultdict(list)
    for call in calls:
        if call.scam:
            counts[call.kind].append(answer(call.turns).joined)
    found = (f"{kind} {sum(some)} of {len(some)}" for kind, some in sorted(counts.items()))
    return f"Whole calls by kind: {', '.join(found)}."


def main() -> int:
    """Write the part of the card; return the exit status."""
    head, _, rest = TARGET.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    TARGET.write_text(f"{head}{_BEGIN}\n\n{card()}\n\n{_END}{tail}", encoding="utf-8")
    sys.stdout.write(f"{TARGET}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
