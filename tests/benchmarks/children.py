"""What a child for each recording costs: ``python -m tests.benchmarks.children [--tree FOLDER …] [--rounds N]``.

One service at a time, warm, one recording after the other, over a real S3 server: a recording that holds nothing to
analyse, and eleven seconds of sound and of picture. Each checkout named is measured in turn within every round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import aiohttp

from tests.benchmarks.operators import sources
from tests.benchmarks.startup import _cpu, _megabytes, _ready
from tests.cluster.paths import repo_root
from tests.support.aws.s3 import S3Process
from tests.support.media.samples import ffmpeg, make_samples
from tests.support.ports import free_port

_REQUESTS, _UNTIMED = 12, 2
_PAUSE_SECONDS = 0.05
_RESTED_SECONDS = 1
_SERVICES = {
    "null": ("tests.support.scripted_analyzer", "null"),
    "sound": ("audio_analyzer", "sound.wav"),
    "picture": ("video_analyzer", "picture.mp4"),
}
_SPOKEN = "a recording of a person who speaks"
_MADE = {
    "sound.wav": ("-stream_loop", "-1", "-i", _SPOKEN, "-t", "11"),
    "picture.mp4": ("-f", "lavfi", "-i", "testsrc2=duration=11:size=640x360:rate=25", "-pix_fmt", "yuv420p"),
}


def _warm(tree: Path, module: str, uri: str, s3: S3Process, pause: float) -> dict[str, float]:
    port = free_port()
    own = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir()} | sources(tree)
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", str(port)],
            env=own | s3.environment() | {"GUARDIAN_SCRATCH_DIR": scratch, "GUARDIAN_LOG_LEVEL": "WARNING"},
            stdout=subprocess.DEVNULL,
            cwd=tree,
        )
        try:
            while not _ready(port):
                time.sleep(_PAUSE_SECONDS)
            return asyncio.run(_asked(f"http://127.0.0.1:{port}", process.pid, uri, pause))
        finally:
            process.kill()
            process.wait()


async def _asked(url: str, pid: int, uri: str, pause: float) -> dict[str, float]:
    times: list[float] = []
    body = {"id": "warm", "source": {"uri": uri}, "resultPrefix": "s3://results/warm/"}
    async with aiohttp.ClientSession(url) as session:
        for number in range(_UNTIMED + _REQUESTS):
            if number == _UNTIMED:
                before = _cpu(pid)
            began = time.monotonic()
            async with session.post("/v1/analyses", json=body) as answer:
                if answer.status != 200:
                    raise SystemExit(await answer.text())
            times.append(time.monotonic() - began)
            await asyncio.sleep(pause)
        await asyncio.sleep(_RESTED_SECONDS)
    cpu = (_cpu(pid) - before) / _REQUESTS
    p50 = statistics.median(times[_UNTIMED:])
    return {"p50, ms": p50 * 1000, "CPU time of each, ms": cpu * 1000, "idle, MB": _megabytes(pid)}


def main() -> None:
    """Measure and print the medians of the rounds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a checkout (default: this one)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two recordings")
    arguments = parser.parse_args()
    trees = [tree.absolute() for tree in arguments.tree or [repo_root()]]
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as folder, S3Process(Path(folder)) as s3:
        for bucket in ("media", "results"):
            s3.make_bucket(bucket)
        s3.put("media", "null", b"{}")
        spoken = make_samples(Path(folder))["genuine.wav"]
        for name, options in _MADE.items():
            ffmpeg(*(str(spoken) if option == _SPOKEN else option for option in options), str(Path(folder) / name))
            s3.put("media", name, (Path(folder) / name).read_bytes())
        for _ in range(arguments.rounds):
            for name, (module, key) in _SERVICES.items():
                for tree in trees:
                    one = _warm(tree, module, f"s3://media/{key}", s3, arguments.pause)
                    for what, value in one.items():
                        figures[f"{name}: {what}"][tree.name].append(value)
    medians = {
        what: {tree: round(statistics.median(each), 1) for tree, each in by_tree.items()}
        for what, by_tree in figures.items()
    }
    print(json.dumps(medians, indent=2))


if __name__ == "__main__":
    main()
