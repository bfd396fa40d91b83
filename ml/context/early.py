"""Beginnings of calls, judged by weights that did not meet their family: what a verdict on little talk is worth.

``python -m ml.context.early`` prints how often an honest call is accused, and a fraud found, by how much further from
the line a call of little talk has to be (docs/adr/0108). Needs scikit-learn (``uv sync --group words``).
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from context_analyzer.classifier.judging import doubt_of, judge_spoken
from context_analyzer.classifier.text import KOREAN, clean, spoken
from context_analyzer.classifier.weights import Manifest, Weights, load_weights
from ml.context.dialogues import calls
from ml.context.folds import JUDGED, folds
from ml.context.templates import HONEST
from ml.context.train import related
from ml.context.unseen import PARTS, Unseen, rules_accuse

type Doubt = Callable[[int], float]

_BEGINNINGS = ("30 s", "60 s", "300 characters", "1,000 characters", "whole")
_CANDIDATES = [(little, cost) for little in (350, 400, 450, 500, 600) for cost in (0.2, 0.3, 0.4, 0.5, 0.6)]


@dataclass(frozen=True)
class Beginning:
    """What is heard of a call.

    Attributes:
        kind: of fraud, or HONEST.
        part: how much of the call.
        letters: that count.
        evidence: of the classifier, as if little talk took nothing from it.
        rules: whether the rules by themselves accuse.
    """

    kind: str
    part: str
    letters: int
    evidence: float
    rules: bool


def beginnings() -> Iterator[Beginning]:
    """Return what is heard of Korean calls from scripts that were left out; beginnings of calls that are longer."""
    for weights, these in folds(KOREAN):
        for script in these:
            for made in calls(script, JUDGED, "judged", related(script)):
                call = Unseen("", script.kind, KOREAN, "", tuple(turn.text for turn in made.turns))
                for part in _BEGINNINGS:
                    turns = PARTS[part](call)
                    if part == "whole" or sum(map(len, turns)) < sum(map(len, call.turns)):
                        yield judged(turns, script.kind, part, weights)


def judged(turns: Sequence[str], kind: str, part: str, weights: Weights) -> Beginning:
    """Return how turns are judged by weights and by the rules."""
    call = spoken([clean(turn) for turn in turns], KOREAN)
    letters = max(sum(map(len, call.words)), 1)
    evidence = judge_spoken(call, weights).evidence + doubt_of(letters, KOREAN) if call.words else -math.inf
    return Beginning(kind, part, letters, evidence, rules_accuse(turns))


def accused(one: Beginning, asked: Doubt, manifest: Manifest) -> tuple[bool, bool]:
    """Return whether the classifier accuses by itself, and whether it and the rules together do."""
    further = asked(one.letters)
    alone = one.evidence >= manifest.threshold + further
    undecided = one.evidence >= manifest.threshold - manifest.undecided - further
    return alone, alone or (undecided and one.rules)


def doubt(little: int, cost: float) -> Doubt:
    """Return how much further from the line a call has to be that has fewer letters than ``little``."""
    return lambda letters: cost * math.log(max(little / letters, 1.0))


def counts(some: Iterable[Beginning], asked: Doubt, manifest: Manifest) -> dict[str, dict[str, list[int]]]:
    """Return for each part and kind: calls, accused by the classifier alone, by both together."""
    found: dict[str, dict[str, list[int]]] = {part: defaultdict(lambda: [0, 0, 0]) for part in _BEGINNINGS}
    for one in some:
        for place, value in enumerate((True, *accused(one, asked, manifest))):
            found[one.part][one.kind][place] += value
    return {part: dict(kinds) for part, kinds in found.items()}


def measured() -> dict[str, Any]:
    """Return the counts with doubt about little talk, as delivered, and without."""
    some, manifest = list(beginnings()), load_weights(KOREAN).manifest
    return {
        "with": counts(some, lambda letters: doubt_of(letters, KOREAN), manifest),
        "without": counts(some, doubt(0, 0.0), manifest),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the part of the card about beginnings."""
    lines = [
        "### Korean: beginnings of calls of kinds and honest families that training did not meet\n",
        "Classifier and rules together, as delivered; in brackets without what little talk takes from the evidence "
        "([0108](../adr/0108-little-talk-asks-for-more.md)).\nOf calls that are longer than that.\n",
        "| heard | honest calls accused | frauds found | Agency | Loan |",
        "|---|---|---|---|---|",
    ]
    for part in _BEGINNINGS:
        cells = [
            f"{_share(found['with'][part], kinds)} ({_share(found['without'][part], kinds)})"
            for kinds in ([HONEST], [kind for kind in found["with"][part] if kind != HONEST], ["Agency"], ["Loan"])
        ]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(of_part: Mapping[str, Sequence[int]], kinds: Sequence[str], place: int = 2, digits: int = 1) -> str:
    trials, hits = (sum(of_part[kind][column] for kind in kinds) for column in (0, place))
    return f"{hits / max(trials, 1):.{digits}%}"


def main() -> int:
    """Print what each candidate costs; return the exit status."""
    some, manifest = list(beginnings()), load_weights(KOREAN).manifest
    write = sys.stdout.write
    for little, cost in [(700, 0.0), *_CANDIDATES]:
        found = counts(some, doubt(little, cost), manifest)
        write(f"{little} letters, {cost:.2f}:")
        for part, kinds in found.items():
            frauds = [kind for kind in kinds if kind != HONEST]
            cells = (_share(kinds, some_kinds, place, 2) for place in (1, 2) for some_kinds in ([HONEST], frauds))
            write(f"  {part} {' '.join(cells)}")
        write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
