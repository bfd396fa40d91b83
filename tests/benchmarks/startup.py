"""How an analyzer starts: process → ready → first verdict, in wall-clock and CPU seconds, over a real S3 server.

``python -m tests.benchmarks.startup audio|video [--rounds N] [--python PATH …] [--models FOLDER]``: each interpreter
named is measured in turn within every round, so that two installations can be compared on a machine that does other
things as well.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from tests.support.aws.s3 import S3Process
from tests.support.media.samples import ffmpeg
from tests.support.ports import free_port

_POLL_SECONDS = 0.02
_RESTED_SECONDS = 1
_SAMPLES = {
    "audio": ("-f", "lavfi", "-i", "anoisesrc=amplitude=0.3:seed=1:r=16000:d=3", "-ac", "1"),
    "video": ("-f", "lavfi", "-i", "testsrc2=duration=3:size=640x360:rate=25", "-pix_fmt", "yuv420p"),
}
_SUFFIX = {"audio": ".wav", "video": ".mp4"}


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process and of its running children."""
    ticks = 0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (str(pid), *children):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _verdict(port: int, uri: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"id": "startup", "source": {"uri": uri}, "resultPrefix": "s3://results/startup/"})
    connection.request("POST", "/v1/analyses", body, {"Content-Type": "application/json"})
    answer: dict[str, object] = json.load(connection.getresponse())
    connection.close()
    if "verdict" not in answer:
        raise SystemExit(f"no verdict: {answer}")
    return answer


def _megabytes(pid: int) -> float:
    """Return the proportional resident memory (PSS) of a process and of its children."""
    process = psutil.Process(pid)
    return sum(member.memory_full_info().pss for member in (process, *process.children(recursive=True))) / 1e6


def once(python: str, analyzer: str, s3: S3Process, models: Path | None) -> dict[str, float]:
    """Return the seconds of one start, by what they are of, and the idle memory after it."""
    port = free_port()
    own = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        environment = own | s3.environment() | {"GUARDIAN_SCRATCH_DIR": scratch, "PYTHONUNBUFFERED": "1"}
        environment |= {"GUARDIAN_MODELS": str(models.absolute())} if models else {}
        command = [python, "-m", f"{analyzer}_analyzer", "--port", str(port)]
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            while not _ready(port):
                if process.poll() is not None:
                    raise SystemExit(f"{analyzer} ended with {process.returncode}")
                time.sleep(_POLL_SECONDS)
            ready, ready_cpu = time.monotonic(), _cpu(process.pid)
            sent = time.monotonic()
            _verdict(port, f"s3://media/sample{_SUFFIX[analyzer]}")
            done, done_cpu = time.monotonic(), _cpu(process.pid)
            time.sleep(_RESTED_SECONDS)
            idle = _megabytes(process.pid)
        finally:
            process.kill()
            process.wait()
    return {
        "start to ready": ready - began,
        "ready to verdict": done - sent,
        "start to verdict": done - began - (sent - ready),
        "start to ready, CPU": ready_cpu,
        "ready to verdict, CPU": done_cpu - ready_cpu,
        "start to verdict, CPU": done_cpu,
        "idle, MB": idle,
    }


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("analyzer", choices=sorted(_SAMPLES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", action="append", help="interpreter that has the analyzer (default: this one)")
    parser.add_argument("--models", type=Path, help="folder of detection models")
    arguments = parser.parse_args()
    pythons = arguments.python or [sys.executable]
    figures: dict[str, dict[str, list[float]]] = {python: defaultdict(list) for python in pythons}
    with tempfile.TemporaryDirectory() as folder, S3Process(Path(folder)) as s3:
        sample = Path(folder) / f"sample{_SUFFIX[arguments.analyzer]}"
        ffmpeg(*_SAMPLES[arguments.analyzer], str(sample))
        s3.make_bucket("media")
        s3.make_bucket("results")
        s3.put("media", sample.name, sample.read_bytes())
        for _ in range(arguments.rounds):
            for python in pythons:
                for what, seconds in once(python, arguments.analyzer, s3, arguments.models).items():
                    figures[python][what].append(seconds)
    medians = {p: {what: round(statistics.median(values), 3) for what, values in f.items()} for p, f in figures.items()}
    print(json.dumps(medians, indent=2))


if __name__ == "__main__":
    main()
