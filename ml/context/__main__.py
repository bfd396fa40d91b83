"""``python -m ml.context``: measure the rules and write the measured part of docs/cards/context.md."""

from __future__ import annotations

import argparse
import sys

from ml.common.paths import repo_root
from ml.context.card import card, judge
from ml.context.scripts import load_calls

TARGET = repo_root() / "docs" / "cards" / "context.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> int:
    """Write the card, or with ``--check`` compare it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.context", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if docs/cards/context.md differs")
    arguments = parser.parse_args()
    before = TARGET.read_text(encoding="utf-8")
    head, _, rest = before.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    after = f"{head}{_BEGIN}\n\n{card([judge(call) for call in load_calls()])}\n\n{_END}{tail}"
    if arguments.check:
        return int(after != before)
    TARGET.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{TARGET}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
