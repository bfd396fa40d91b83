"""``python -m ml.context.prose``: how much English that is no call is accused, by the delivered weights.

Judges the paragraphs of this project's documents, and of the descriptions of the Python packages that are installed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions

from analyzer_contract import SUSPICIOUS_FROM
from context_analyzer.classifier.judging import judge_texts
from ml.common.paths import repo_root

_LEAST = 200
"""Characters of a paragraph: shorter ones are headings and captions."""

_NO_PROSE = ("#", "|", "-", "*", ">", "`", "<", "=", ".. ", "    ")
"""With these begin headings, tables, lists, code and directives."""

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def paragraphs(texts: Iterable[str]) -> list[str]:
    """Return the paragraphs of prose in texts of Markdown or the like, each once, as they would be read out."""
    found = (block for text in texts for block in re.split(r"\n\s*\n", text) if not block.startswith(_NO_PROSE))
    plain = (" ".join(_LINK.sub(r"\1", block).split()) for block in found)
    return list(dict.fromkeys(text for text in plain if len(text) >= _LEAST))


def documents() -> Iterator[str]:
    """Return the texts: of this project, and of installed packages."""
    for path in sorted(repo_root().glob("docs/**/*.md")):
        yield path.read_text(encoding="utf-8")
    for package in sorted(distributions(), key=lambda one: one.name):
        yield str(package.metadata.json.get("description", ""))


def main() -> int:
    """Print the share; return the exit status."""
    judged = [judge_texts([text], "en") for text in paragraphs(documents())]
    scores = [judgement.score for judgement in judged if judgement is not None]
    accused = sum(score >= SUSPICIOUS_FROM for score in scores)
    sys.stdout.write(f"{accused} of {len(scores)} paragraphs are accused ({accused / max(len(scores), 1):.1%})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
