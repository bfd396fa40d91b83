"""``python -m ml.video.accusations --seed 3 --variants 8``: how many genuine recordings are accused, by kind."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from analyzer_contract import SUSPICIOUS_FROM
from analyzer_kit.analysis import Caps
from ml.common.paths import repo_root
from ml.video.genuine import Genuine, genuine
from video_analyzer.analysis import analyze

TARGET = repo_root() / "docs" / "cards" / "genuine-pictures.md"
READING = """Recordings of kinds that look like edits and are none: what cameras, phones, networks, screens and films do
by themselves. They are made, with a seed, out of the clips of the [video card](video.md) and of drawn pictures
(`ml/video/genuine.py`, `ml/video/drawn.py`), and encoded in turn by H.264 at three qualities, VP9 and MPEG-4. The
thresholds were set on those of seed 1, and what accused those of seed 2 was looked at. None of
this is a sample of what people send: the shares say which kinds are told from edits, not how often an innocent
recording is accused. That is measured on [others](genuine.md).

In a video call that stalls and then runs fast to catch up, nothing leaps: such a stall looks like a frozen stretch that
somebody put in."""


def main() -> None:
    """Analyse the recordings and write the card."""
    parser = argparse.ArgumentParser(prog="python -m ml.video.accusations", description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--variants", type=int, default=8)
    given = parser.parse_args()
    TARGET.write_text(card(genuine(given.seed, given.variants), f"--seed {given.seed} --variants {given.variants}"))


def card(recordings: Iterable[Genuine], arguments: str) -> str:
    """Return the card as Markdown."""
    total: Counter[str] = Counter()
    accused: defaultdict[str, list[str]] = defaultdict(list)
    for recording in recordings:
        total[recording.kind] += 1
        if names := _accusers(recording.file):
            accused[recording.kind].append(names)
    lines = ["| kind | Suspicious | by |", "|---|---|---|"]
    for kind, count in total.items():
        by = ", ".join(f"{names} {times}" for names, times in Counter(accused[kind]).items())
        lines.append(f"| {kind} | {len(accused[kind])} of {count} | {by or '-'} |")
    lines.append(f"| all | {sum(map(len, accused.values()))} of {sum(total.values())} | |")
    return (
        "\n\n".join(
            [
                "# How often genuine pictures are accused",
                f"Written by `python -m ml.video.accusations {arguments}`; do not edit.",
                READING,
                "\n".join(lines),
            ]
        )
        + "\n"
    )


def _accusers(file: Path) -> str:
    """Return the detectors that a recording is Suspicious by; empty for none."""
    with tempfile.TemporaryDirectory() as folder:
        found = analyze(file, Path(folder) / "plot.png", Caps(threads=1), lambda _stage, _share: None)
    return " and ".join(report.name for report in found.detectors if report.score >= SUSPICIOUS_FROM)


if __name__ == "__main__":
    main()
