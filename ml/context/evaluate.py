"""``python -m ml.context.evaluate``: measure the classifier on families and kinds that were left out of its training.

Three times a third of the kinds of fraud, and a third of the honest families, are left out, and the rest is trained on:
a kind is judged by weights that never met it. Needs scikit-learn (``uv sync --group words``).

Writes what it measures into measured.json, and the measured part of docs/cards/words.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from analyzer_contract import Verdict
from context_analyzer.classifier.judging import judge_spoken
from context_analyzer.classifier.text import clean, spoken
from context_analyzer.classifier.weights import FOLDER as WEIGHTS
from context_analyzer.classifier.weights import Weights
from context_analyzer.words import judge_line
from ml.common.paths import repo_root
from ml.context import counts, early
from ml.context.dialogues import calls
from ml.context.folds import JUDGED, folds
from ml.context.longer import long_calls
from ml.context.scripts import load_calls
from ml.context.templates import HONEST
from ml.context.texts import ROBOCALLS, SERVICE, campaigns, texts
from ml.context.train import CALLS_A_FAMILY, chosen_pieces, corpus, related, robocalls, train

TARGET = repo_root() / "docs" / "cards" / "words.md"
MEASURED = repo_root() / "ml" / "context" / "measured.json"
UNBROKEN = repo_root() / "ml" / "context" / "calls" / "unbroken.yaml"
LANGUAGES = {"ko": "Korean", "en": "English"}

_TURNS = (5, 10, 20)
_COMPACT = (",", ":")
"""No spaces, and the rows of a family together: there are some ten thousand, and no file in the repository is over a
megabyte."""

_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Row:
    """One call that was judged by weights that did not meet its family.

    Attributes:
        family: of its script.
        kind: of fraud, or HONEST.
        evidence: after 5, 10, 20 turns and at the end; None where it has fewer turns.
        long: whether it is one of :mod:`ml.context.longer`; its evidence is that at the end.
    """

    family: str
    kind: str
    evidence: tuple[float | None, ...]
    long: bool = False


def rows(language: str) -> Iterator[Row]:
    """Return how the calls of each family are judged when it is left out."""
    for weights, these in folds(language):
        for script in these:
            for made in calls(script, JUDGED, "judged", related(script)):
                said = [turn.text for turn in made.turns]
                yield Row(script.family, script.kind, _evidence(said, weights))
            others = [other for other in these if not other.scam and other is not script]
            for said in long_calls(script, others) if language == "ko" else ():
                yield Row(script.family, script.kind, (_of(said, weights),), True)


def together(some: Iterable[Row]) -> list[Any]:
    """Return rows as they are kept: those of a family together."""
    groups: dict[tuple[str, str, bool], list[tuple[float | None, ...]]] = defaultdict(list)
    for row in some:
        groups[row.family, row.kind, row.long].append(row.evidence)
    return [[*group, evidence] for group, evidence in groups.items()]


def apart(groups: Iterable[Any]) -> list[Row]:
    """Return the rows of what :func:`together` returned."""
    return [Row(family, kind, tuple(row), long) for family, kind, long, evidence in groups for row in evidence]


def _of(turns: Sequence[str], weights: Weights) -> float:
    return judge_spoken(spoken([clean(turn) for turn in turns], weights.manifest.language), weights).evidence


def _evidence(said: Sequence[str], weights: Weights) -> tuple[float | None, ...]:
    return (*(_of(said[:count], weights) if len(said) >= count else None for count in _TURNS), _of(said, weights))


def real_english() -> dict[str, list[float]]:
    """Return the evidence of real robocalls whose campaign was left out, and of written service calls."""
    groups = campaigns(texts(ROBOCALLS))
    found: dict[str, list[float]] = {"robocalls": [], "service": []}
    if not groups:
        return found
    base = corpus("en", CALLS_A_FAMILY["en"] // 2)
    for half in (0, 1):
        some = base + robocalls(groups[half::2])
        weights = train(some, chosen_pieces(some), "en", heads=False)
        for group in groups[1 - half :: 2]:
            found["robocalls"] += [_evidence(call.turns, weights)[-1] or 0.0 for call in group]
        found["service"] += [_evidence(call.turns, weights)[-1] or 0.0 for call in texts(SERVICE)]
    return found


def card(measured: Mapping[str, Any]) -> str:
    """Return the measured part of the card, failures first."""
    tables = [early.table(measured["early"])] if "early" in measured else []
    tables += [_language(code, apart(measured[code])) for code in LANGUAGES if code in measured]
    tables.append(counts.table(LANGUAGES))
    return "\n\n".join([_scripted(), *tables, *([_real(measured["real"])] if "real" in measured else [])])


def _threshold(language: str) -> float:
    return float(json.loads((WEIGHTS / f"{language}.json").read_text(encoding="utf-8"))["threshold"])


def _scripted() -> str:
    """Return which of the written calls fail, by the weights that are delivered."""
    lines = ["### Written calls, never trained on, by the delivered weights and rules together\n"]
    judged = [(call.name, call.scam, call.split, [text for _, text in call.turns]) for call in load_calls()]
    unbroken = yaml.safe_load(UNBROKEN.read_text(encoding="utf-8"))
    judged += [(entry["id"], entry["label"] == "scam", "unbroken", [entry["text"]]) for entry in unbroken]
    counts: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for name, scam, split, said in judged:
        line = judge_line(json.dumps({"id": name, "turns": [{"text": text} for text in said]}).encode())
        accused = line.verdict is Verdict.SUSPICIOUS
        counts[split, scam].append(accused)
        if accused is not scam:
            lines.append(f"- {name} ({split}): {'missed' if scam else 'wrongly accused'}, score {line.score}.")
    lines.append("\n| calls | frauds found | honest calls accused |\n|---|---|---|")
    for split in ("development", "held-out", "hard", "unbroken"):
        found, wrong = counts[split, True], counts[split, False]
        lines.append(f"| {split} | {sum(found)} of {len(found)} | {sum(wrong)} of {len(wrong)} |")
    return "\n".join(lines)


def _language(code: str, every: Sequence[Row]) -> str:
    some = [row for row in every if not row.long]
    honest = np.array([row.evidence[-1] for row in some if row.kind == HONEST], float)
    edges = {"as delivered": _threshold(code)}
    edges |= {f"{share:.0%} accused": float(np.quantile(honest, 1 - share)) for share in (0.01, 0.05)}
    lines = [f"### {LANGUAGES[code]}: kinds and honest families that training did not meet\n"]
    lines.append(f"Calls put together from scripts, {JUDGED} of each family. Share of calls that are accused:\n")
    lines.append("| kind | calls | " + " | ".join(edges) + " | after 5 turns | 10 | 20 |")
    lines.append("|---|---|---|---|---|---|---|---|")
    for kind in [*sorted({row.kind for row in some} - {HONEST}), HONEST]:
        these = [row.evidence for row in some if row.kind == kind]
        cells = [_share([e[-1] for e in these], edge) for edge in edges.values()]
        cells += [_share([e[place] for e in these], edges["as delivered"]) for place in range(len(_TURNS))]
        lines.append(f"| {kind} | {len(these)} | " + " | ".join(cells) + " |")
    lines.append(
        "\nHonest families, one by one: accused as delivered, and the highest of their calls (0 is the threshold):\n"
    )
    lines.append("| family | accused | highest |\n|---|---|---|")
    for family in dict.fromkeys(row.family for row in some if row.kind == HONEST):
        values = [row.evidence[-1] or 0.0 for row in some if row.family == family]
        lines.append(
            f"| {family} | {_share(values, edges['as delivered'])} | {max(values) - edges['as delivered']:+.2f} |"
        )
    return "\n".join([*lines, *_long([row for row in every if row.long], edges)])


def _long(some: Sequence[Row], edges: Mapping[str, float]) -> Iterator[str]:
    """Return the table of the long calls, if there are any."""
    if not some:
        return
    yield "\nLong calls: frauds of 4,000 characters, 15 % of them the fraud, the rest honest talk of families that were"
    yield "left out, too; honest calls of 7,000 characters that come from one such family to another. Share accused:\n"
    yield f"| kind | calls | {' | '.join(edges)} |\n|---|---|---|---|---|"
    for kind in [*sorted({row.kind for row in some} - {HONEST}), HONEST]:
        last = [row.evidence[-1] for row in some if row.kind == kind]
        yield f"| {kind} | {len(last)} | {' | '.join(_share(last, edge) for edge in edges.values())} |"


def _real(real: Mapping[str, Sequence[float]]) -> str:
    edge = _threshold("en")
    return (
        "### Real robocalls and written service calls, English\n\n"
        f"Half of the campaigns are trained on, and the other half is judged: {_share(real['robocalls'], edge)} of "
        f"{len(real['robocalls'])} robocalls are accused, and {_share(real['service'], edge)} of "
        f"{len(real['service']) // 2} honest service calls\n(Schema-Guided Dialogue), which no training meets."
    )


def _share(values: Sequence[float | None], edge: float) -> str:
    kept: npt.NDArray[np.float64] = np.array([value for value in values if value is not None], float)
    return f"{np.mean(kept >= edge):.0%}" if len(kept) else "-"


def main() -> int:
    """Measure what is named, and write the card; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.context.evaluate", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(_PARTS)}; none: the card alone, from what was measured")
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    for part in parser.parse_args().parts:
        measured[part] = _rounded(_PARTS[part]())
    MEASURED.write_text(f"{json.dumps(measured, sort_keys=True, separators=_COMPACT)}\n", encoding="utf-8")
    head, _, rest = TARGET.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    TARGET.write_text(f"{head}{_BEGIN}\n\n{card(measured)}\n\n{_END}{tail}", encoding="utf-8")
    sys.stdout.write(f"{TARGET}: written\n")
    return 0


_PARTS: dict[str, Callable[[], object]] = {
    "ko": lambda: together(rows("ko")),
    "en": lambda: together(rows("en")),
    "early": early.measured,
    "real": real_english,
}


def _rounded(value: object) -> object:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {key: _rounded(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_rounded(entry) for entry in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
