"""The card of the matrix, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.faults.cells import KINDS, SCENARIOS
from tests.faults.runner import Outcome

HEAD = """# What one fault does to a request

Each cell is a request on a real operator, API server, S3 server and analyzers, and one fault in one call or watch event
that concerns it: between the operator and the API server, PostgreSQL or Step Functions, or between the analyzer and S3;
at the first, the second, and so on, until there is no such call. A clock is set at such a call, until the end. The
request must finish with the right verdict, reason and number of attempts, and no other end may ever be read; the
operator may write twice more than without the fault (and once in two seconds of progress). In the end no slot is taken
and nothing waits; it has one row, with its status as it is, that was never marked as deleted while it lived; and its
task was answered once, with what the status says. Written by `make faults`; a seeded sample runs in `make test`.
"""


def with_section(page: str, title: str, text: str) -> str:
    """Return the page with the text under this title instead of what was there, or at its end."""
    head, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    of_title = {section.partition("\n")[0]: section.partition("\n")[2].strip() for section in sections}
    of_title[title] = text.strip()
    return head.strip() + "".join(f"\n\n## {title}\n\n{text}" for title, text in of_title.items()) + "\n"


def card(outcomes: Sequence[Outcome]) -> str:
    """Return the section: how many cells of each fault and kind of request were tried and passed, failures first."""
    passed = sum(not outcome.problems for outcome in outcomes)
    failures = [f"- {outcome.cell}: {'; '.join(outcome.problems)}" for outcome in outcomes if outcome.problems]
    lines = [
        f"{passed} of {len(outcomes)} cells passed.",
        "",
        *(["Failed:", "", *failures, ""] if failures else []),
        "| fault | " + " | ".join(scenario.name for scenario in SCENARIOS) + " |",
        "|---" * (len(SCENARIOS) + 1) + "|",
    ]
    for place, kinds in KINDS.items():
        for kind in kinds:
            of_kind = [outcome for outcome in outcomes if (outcome.cell.place, outcome.cell.kind) == (place, kind)]
            cells = [_count([outcome for outcome in of_kind if outcome.cell.scenario == each]) for each in SCENARIOS]
            lines.append(f"| {place}: {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _count(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(not outcome.problems for outcome in outcomes)} of {len(outcomes)}" if outcomes else "none"
