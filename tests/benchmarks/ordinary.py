"""How often recordings of ordinary kinds are accused by their sound, and true ones are not.

``python -m tests.benchmarks.ordinary make OUT --speech FOLDER [--speech FOLDER …] [--count 40]`` writes recordings of
each kind out of clips of speech (with ../shared/speech: its manifest.csv tells who speaks); ``python -m
tests.benchmarks.ordinary measure OUT [FOLDER …]`` has the audio analyzer judge each of them, a folder a kind, and
prints the table. The second step runs in a checkout of any version.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Verdict
from analyzer_kit.analysis import Caps, Models
from analyzer_kit.errors import AnalysisError
from audio_analyzer import analysis
from tests.support.media.samples import ffmpeg

Samples = NDArray[np.float32]
_ACCUSED = (Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE)
_SOUNDS = {".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus", ".spx", ".amr", ".gsm"}
_CAPS = Caps(threads=1)


def measure(folders: list[Path], stream: Callable[[str], object]) -> None:
    """Judge each recording in each folder and write a row of the table for each."""
    analysis.warm_up(_CAPS, Models())
    stream("| kind | recordings | accused | by | not conclusive | refused |\n|---|---|---|---|---|---|\n")
    for folder in folders:
        verdicts: Counter[str] = Counter()
        accusers: Counter[str] = Counter()
        for path in sorted(each for each in folder.rglob("*") if each.suffix.lower() in _SOUNDS):
            verdict, by = _judged(path)
            verdicts[verdict] += 1
            accusers.update(by)
        accused = sum(verdicts[verdict] for verdict in _ACCUSED)
        named = ", ".join(f"{name} {number}" for name, number in accusers.most_common())
        stream(
            f"| {folder.name} | {verdicts.total()} | {accused} | {named} | {verdicts[Verdict.INCONCLUSIVE]} "
            f"| {verdicts['refused']} |\n"
        )


def _judged(path: Path) -> tuple[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = analysis.analyze(path, Path(folder) / "plot.png", _CAPS, lambda _stage, _share: None)
        except AnalysisError:
            return "refused", []
    if found.verdict not in _ACCUSED:
        return found.verdict, []
    return found.verdict, [report.name for report in found.detectors if report.score >= 50]


def make(out: Path, speech: list[Path], count: int) -> None:
    """Write recordings of each kind."""
    from tests.support.media import sounds
    from tests.support.media.ordinary import CODERS, DEVICES

    talks = list(_talks(speech, count))
    for name, changed in (DEVICES | _edits()).items():
        (out / name).mkdir(parents=True, exist_ok=True)
        for number, talk in enumerate(talks):
            _write(out / name / f"{number:03}.wav", changed(talk, np.random.default_rng(number)))
    for name, options in CODERS.items():
        (out / name).mkdir(parents=True, exist_ok=True)
        for number in range(len(talks)):
            source = str(out / "as recorded" / f"{number:03}.wav")
            suffix, *coded = options
            ffmpeg("-i", source, *coded, str(out / name / f"{number:03}.{suffix}"))
    for name, made in (
        ("snare drum", sounds.snare_drum),
        ("sequenced music", sounds.sequenced),
        ("screen", sounds.screen),
    ):
        (out / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            _write(out / name / f"{number:03}.wav", made(20, np.random.default_rng(number)))


def _edits() -> dict[str, Callable[[Samples, np.random.Generator], Samples]]:
    from tests.support.media import sounds

    return {
        "EDITED: 4 gaps of 0.3 s": lambda talk, rng: sounds.spliced(talk, 4, rng),
        "EDITED: 6 gaps of 0.2 s": lambda talk, rng: sounds.spliced(talk, 6, rng, seconds=0.2),
        "EDITED: speech copied": lambda talk, _: np.concatenate([talk, talk[2 * 16_000 : 6 * 16_000], talk[:16_000]]),
    }


def _talks(folders: list[Path], count: int) -> Iterator[Samples]:
    """Yield what one person says, 20 s and more, of clips that a manifest names."""
    from analyzer_kit.media.audio import AudioReader

    made = 0
    for folder in folders:
        with (folder / "manifest.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["label"] == "bonafide"]
        by_speaker: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for row in rows:
            by_speaker[row["repository"], row["speaker"]].append(folder / row["file"])
        for paths in sorted(by_speaker.values(), key=lambda paths: (-len(paths), paths)):
            if made == count:
                return
            yield np.concatenate([block for path in paths[:5] for block in AudioReader(path, _CAPS).blocks()])
            made += 1


def _write(target: Path, samples: Samples) -> None:
    from tests.support.analyzers.listener import wav

    target.write_bytes(wav(np.clip(samples, -1, 1).astype(np.float32)))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("make")
    maker.add_argument("out", type=Path)
    maker.add_argument("--speech", type=Path, action="append", required=True)
    maker.add_argument("--count", type=int, default=40)
    measurer = commands.add_parser("measure")
    measurer.add_argument("folders", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.out, arguments.speech, arguments.count)
    else:
        measure(arguments.folders, sys.stdout.write)


if __name__ == "__main__":
    main()
