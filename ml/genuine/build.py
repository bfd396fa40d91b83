"""``python -m ml.genuine.build FOLDER --speech SPEECH``: make genuine recordings of every kind, and their list.

It writes ``list.csv`` (path, kind, chain, source), which ``python -m ml.genuine`` reads, and ``sources.csv``: where
each source comes from. What is there already is kept.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ml.common.chains import PICTURE, SOUND, Chain, send
from ml.genuine.sources import Source, cameras, voices

_WAYS_OF_A_VOICE = 4


def main() -> None:
    """Make the recordings."""
    parser = argparse.ArgumentParser(prog="python -m ml.genuine.build", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speech", type=Path, required=True, help="folder of recorded speech with its manifest.csv")
    parser.add_argument("--voices", type=int, default=70)
    given = parser.parse_args()
    spoken, filmed = voices(given.speech, given.voices), cameras()
    rows = []
    for source, chain in [*sound_trials(spoken), *((source, chain) for source in filmed for chain in PICTURE)]:
        target = given.folder / chain.kind / f"{source.name}-{_number(chain):02d}.{chain.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            send(chain, source.input, target)
        rows.append({"path": target.relative_to(given.folder), "kind": chain.kind, "chain": chain.name})
        rows[-1]["source"] = source.name
        sys.stderr.write(f"\r{len(rows)} recordings")
    _write(given.folder / "list.csv", rows)
    used = [{"name": source.name, **source.origin} for source in [*spoken, *filmed]]
    _write(given.folder / "sources.csv", used)


def sound_trials(sources: Sequence[Source]) -> Iterator[tuple[Source, Chain]]:
    """Yield each voice with some of the ways of sound, in turn, so that each way has about as many voices."""
    for number, source in enumerate(sources):
        for way in range(_WAYS_OF_A_VOICE):
            yield source, SOUND[(number * _WAYS_OF_A_VOICE + way) % len(SOUND)]


def _number(chain: Chain) -> int:
    return [*SOUND, *PICTURE].index(chain)


def _write(target: Path, rows: Sequence[dict[str, object]] | Sequence[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
