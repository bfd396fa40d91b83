"""How much the corpus says: families, kinds of fraud, utterances, and the sentences that these stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ml.context.templates import CHOICE, HONEST, SLOT, Script, acts, scripts, slots


def utterances(language: str) -> list[str]:
    """Return the distinct lines of all families and of the talk they share, choices and slots still open."""
    shared = (line.text for act in acts(language).values() for line in act)
    return list(dict.fromkeys([*_of(scripts(language)), *shared]))


def kinds(language: str) -> list[str]:
    """Return the kinds of fraud that have a family."""
    return sorted({script.kind for script in scripts(language)} - {HONEST})


def choices(text: str) -> int:
    """Return the number of sentences that a line stands for, by its choices alone; a slot counts as one word."""
    return math.prod(len(set(match[1].split("|"))) for match in CHOICE.finditer(text))


def sentences(text: str, language: str) -> int:
    """Return the number of sentences that a line stands for, by choices and slots."""
    options = (set(match[1].split("|")) for match in CHOICE.finditer(text))
    ways = (sum(_fillings(option, language) for option in some) for some in options)
    return math.prod(ways) * _fillings(CHOICE.sub("", text), language)


def table(languages: Mapping[str, str]) -> str:
    """Return the part of the card about the corpus, for languages by their code."""
    lines = [
        "### What the scripts say\n",
        "An utterance is a distinct line of a family, or of talk that families share; choices and slots are open.\n"
        "What is said in every call (`common.yaml`) is not counted.\n",
        "| language | families (honest) | kinds of fraud | utterances (honest) | choices taken | slots filled |",
        "|---|---|---|---|---|---|",
    ]
    for code, language in languages.items():
        said = utterances(code)
        honest = [script for script in scripts(code) if not script.scam]
        cells = (
            f"{len(scripts(code))} ({len(honest)})",
            f"{len(kinds(code))}",
            f"{len(said):,} ({len(dict.fromkeys(_of(honest))):,})",
            f"{sum(map(choices, said)):,}",
            f"{sum(sentences(line, code) for line in said) // 1000:,} thousand",
        )
        lines.append(f"| {language} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _of(some: Iterable[Script]) -> Iterable[str]:
    return (line.text for script in some for stage in script.stages.values() for line in stage)


def _fillings(text: str, language: str) -> int:
    return math.prod(len(set(slots(language)[match[1]])) for match in SLOT.finditer(text))
