"""``python -m ml.genuine LIST``: have genuine recordings analysed and write docs/cards/genuine.md.

LIST is a CSV file with a header: path (from the list's folder), kind, chain, source; ``python -m ml.genuine.build``
makes one. Any list of recordings that are known to be genuine will do.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ml.common.paths import repo_root
from ml.genuine.card import Recording, card

CARDS = repo_root() / "docs" / "cards"


def main() -> None:
    """Analyse the recordings and write the card."""
    parser = argparse.ArgumentParser(prog="python -m ml.genuine", description=__doc__)
    parser.add_argument("list", type=Path)
    parser.add_argument("--lines", type=Path, help="keep the lines of `guardian analyze` here; if they are, use them")
    parser.add_argument("--card", type=Path, default=CARDS / "genuine.md")
    given = parser.parse_args()
    rows = _rows(given.list)
    paths = [given.list.parent / row["path"] for row in rows]
    lines = _analyzed(paths, given.lines)
    recordings = [
        Recording(row["path"], row["kind"], row["chain"], row["source"], lines[str(path)])
        for row, path in zip(rows, paths, strict=True)
    ]
    sources = given.list.with_name("sources.csv")
    given.card.write_text(card(recordings, _rows(sources)), encoding="utf-8")
    shutil.copyfile(sources, given.card.with_name(f"{given.card.stem}-sources.csv"))


def _analyzed(paths: list[Path], kept: Path | None) -> dict[str, dict[str, object]]:
    """Return the line of each file, from `guardian analyze` or from an earlier run of it."""
    if kept is None or not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            listed, lines = Path(folder) / "list", kept or Path(folder) / "lines"
            listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            guardian = Path(sys.executable).with_name("guardian")
            command = [str(guardian), "analyze", "--list", str(listed), "--output", "jsonl", "--out", f"{folder}/out"]
            with lines.open("wb") as out:
                code = subprocess.run(command, stdout=out, check=False).returncode
            if code not in {0, 1}:
                raise SystemExit(f"guardian analyze ended with {code}")
            text = lines.read_text(encoding="utf-8")
    else:
        text = kept.read_text(encoding="utf-8")
    return {line["path"]: line for line in map(json.loads, text.splitlines())}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
