"""``python -m tests.faults [--count N --seed S] [--out FILE]``: the whole matrix, or a sample of it."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from pathlib import Path

from tests.cluster.paths import repo_root
from tests.faults.card import EDITS, FAULTS, HEAD, card, edits_card, with_section
from tests.faults.cells import SCENARIOS, Cell, rows
from tests.faults.edits import Edited, Edits
from tests.faults.fields import Field, fields
from tests.faults.runner import Outcome
from tests.faults.setting import matrix
from tests.faults.sweep import sample, sweep
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.world import prepare


def main() -> int:
    """Try the cells and edits, print each, and bring the card up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, help="so many first cells only, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only cells and fields in whose name this is found")
    parser.add_argument("--part", choices=("cells", "edits"), help="faults, or edits of fields, alone")
    parser.add_argument("--out", type=Path, default=repo_root() / "docs" / "faults.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that was started is left
    cells = [cell for cell in rows() if re.search(options.only, str(cell))] if options.part != "edits" else []
    chosen = sample(cells, options.count, options.seed) if options.count else cells
    outcomes: list[Outcome] = []
    edited: list[Edited] = []
    with tempfile.TemporaryDirectory() as folder, ApiServer(Path(folder)) as server, S3Process(Path(folder)) as s3:
        prepare(server)
        s3.make_bucket("media")
        with matrix(server, s3, Path(folder)) as tried:
            for scenario in SCENARIOS:
                _tell(tried.run(Cell(scenario)))
            if chosen:
                outcomes = sweep(tried, chosen, _tell, further=options.count is None)
            if options.part != "cells" and not options.count:
                edits = Edits(tried.world, tried.witness, _tell_edited)
                edited = edits.requests(_chosen("analysisrequests", options.only))
                edited += edits.analyzers(_chosen("analyzers", options.only))
    problems = [each.problems for each in outcomes] + [each.problems for each in edited]
    failed = sum(map(bool, problems))
    print(f"{len(problems) - failed} of {len(problems)} passed")
    if not options.count:
        _write(options.out, outcomes, [] if options.only else edited)
    return 1 if failed else 0


def _chosen(plural: str, pattern: str) -> list[Field]:
    return [field for field in fields(plural) if re.search(pattern, str(field))]


def _write(out: Path, outcomes: list[Outcome], edited: list[Edited]) -> None:
    """Bring the card up to date: what was not tried stays as it is."""
    page = HEAD + "".join(out.read_text().partition("\n## ")[1:])
    if outcomes:
        page = with_section(page, FAULTS, card(outcomes, page))
    if edited:
        page = with_section(page, EDITS, edits_card(edited))
    out.write_text(page)


def _tell_edited(edited: Edited) -> None:
    print(f"{edited}: {'; '.join(edited.problems) or 'passed'}", flush=True)


def _tell(outcome: Outcome) -> None:
    verdict = "; ".join(outcome.problems) or ("passed" if outcome.fired else "no such call")
    print(f"{outcome.seconds:5.1f} s  {outcome.cell}: {verdict}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
