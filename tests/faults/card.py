"""The card of the matrix, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.faults.cells import KINDS, SCENARIOS
from tests.faults.edits import Edited
from tests.faults.runner import Outcome

FAULTS, EDITS = "Each fault", "Each field"
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


def card(outcomes: Sequence[Outcome], page: str = "") -> str:
    """Return the section: how many cells of each fault and kind of request were tried and passed, failures first.

    Args:
        outcomes: of this run.
        page: the card of the runs before it; a row that this run did not try stays as it was.
    """
    failures = [f"- {outcome.cell}: {'; '.join(outcome.problems)}" for outcome in outcomes if outcome.problems]
    before, rows = _rows(page), []
    for place, kinds in KINDS.items():
        for kind in kinds:
            of_kind = [outcome for outcome in outcomes if (outcome.cell.place, outcome.cell.kind) == (place, kind)]
            cells = {}
            for each in SCENARIOS:
                count = _count([outcome for outcome in of_kind if outcome.cell.scenario == each])
                cells[each.name] = count or before.get(f"{place}: {kind}", {}).get(each.name, "")
            rows.append(f"| {place}: {kind} | " + " | ".join(cells.values()) + " |")
    passed, tried = (
        sum(int(n) for n in re.findall(pattern, "\n".join(rows))) for pattern in (r"\| (\d+) of", r"of (\d+)")
    )
    lines = [
        f"{passed} of {tried} cells passed.",
        "",
        *(["Failed:", "", *failures, ""] if failures else []),
        "| fault | " + " | ".join(scenario.name for scenario in SCENARIOS) + " |",
        "|---" * (len(SCENARIOS) + 1) + "|",
        *rows,
    ]
    return "\n".join(lines)


def _rows(page: str) -> dict[str, dict[str, str]]:
    """Return the cells of the table of faults on a page, by row and column."""
    table = [
        line.strip().removeprefix("| ").removesuffix(" |").split(" | ")
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    columns: list[str] = []
    rows = {}
    for head, *cells in table:
        if head == "fault":
            columns = cells
        elif columns and len(cells) >= 1:
            rows[head] = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    return rows


def edits_card(results: Sequence[Edited]) -> str:
    """Return the section of the edits."""
    passed = sum(not each.problems for each in results)
    failures = [f"- {each}: {'; '.join(each.problems)}" for each in results if each.problems]
    states = list(dict.fromkeys(each.state for each in results))
    lines = [
        "Each field of the definitions is given values that a new object may have and others that it may not, and then",
        "its own again. What may not be is refused, also where the field may change; the request ends with the right",
        "verdict, in one attempt, its row and its task's answer are right, and the status says which version of the",
        "spec it is about. An Analyzer's pods are the same in the end, and all the time where a field says how many",
        "there are or whether they get work.",
        "",
        f"{passed} of {len(results)} passed.",
        "",
        *(["Failed:", "", *failures, ""] if failures else []),
        "| field | " + " | ".join(states) + " |",
        "|---" * (len(states) + 1) + "|",
    ]
    for kind, name in dict.fromkeys((each.kind, each.field) for each in results):
        of_field = {each.state: each for each in results if (each.kind, each.field) == (kind, name)}
        cells = [_said(of_field.get(state)) for state in states]
        lines.append(f"| {kind} `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _said(edited: Edited | None) -> str:
    if edited is None:
        return ""
    if edited.problems:
        return "failed"
    return "changes" if edited.taken else "refused"


def _count(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(not outcome.problems for outcome in outcomes)} of {len(outcomes)}" if outcomes else ""
