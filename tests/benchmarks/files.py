"""Files a minute: ``python -m tests.benchmarks.files [COUNT]``.

The samples of the demo, over and over, by one `guardian analyze`; by one `guardian run` of as many requests; and by a
`guardian run` for each file, of which only a few are taken.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from tests.support.media.samples import make_samples

SAMPLES = ("genuine.wav", "synthetic.wav", "clean.mp4", "edited.mp4")
_ONE_BY_ONE = 4


def measure(count: int) -> dict[str, object]:
    """Return files a minute and CPU seconds a file, by the way in which they are analysed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        media, requests = root / "media", root / "requests"
        media.mkdir()
        requests.mkdir()
        samples = make_samples(root / "samples")
        for number, sample in zip(range(count), cycle(SAMPLES), strict=False):
            name = f"{number:04d}-{sample}"
            shutil.copyfile(samples[sample], media / name)
            (requests / f"{number:04d}.yaml").write_text(yaml.safe_dump(_request(name)))
        run = ["run", "--media", str(media), "--out", str(root / "out"), "-f"]
        few = sorted(requests.iterdir())[:_ONE_BY_ONE]
        return {
            "files": count,
            "cores": len(os.sched_getaffinity(0)),
            "load_before": round(os.getloadavg()[0], 1),
            "analyze": _rate([["analyze", str(media), "--output", "jsonl", "--out", str(root / "out")]], count),
            "run_once": _rate([[*run, str(requests)]], count),
            "run_each": _rate([[*run, str(path)] for path in few], len(few)),
        }


def _request(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "silverguardian.io/v1alpha1",
        "kind": "AnalysisRequest",
        "metadata": {"name": name.partition(".")[0]},
        "spec": {"source": {"uri": f"s3://media/{name}"}},
    }


def _rate(commands: Sequence[Sequence[str]], files: int) -> dict[str, float]:
    began, used = time.monotonic(), sum(_cpu())
    for command in commands:
        guardian = str(Path(sys.executable).with_name("guardian"))
        subprocess.run([guardian, *command], stdout=subprocess.DEVNULL, check=True)
    seconds, cpu = time.monotonic() - began, sum(_cpu()) - used
    return {"files_a_minute": round(60 * files / seconds, 1), "cpu_seconds_a_file": round(cpu / files, 2)}


def _cpu() -> Iterator[float]:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield usage.ru_utime
    yield usage.ru_stime


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60), indent=2))
