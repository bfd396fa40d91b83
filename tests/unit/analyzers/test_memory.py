"""What the two processes of an idle analyzer hold: nothing that only the other one needs, and little code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analyzer_kit.detector import Caps
from analyzer_kit.messages import ChildConfig, Task
from analyzer_kit.worker import Worker

_SERVICE = """
import sys
import {name}_analyzer.__main__, analyzer_kit.serving
from analyzer_kit.s3 import ObjectStore
ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1).client()
print(*sys.modules)
"""
_CHILD = """
import sys
import analyzer_kit.child, analyzer_kit.tasks
from analyzer_kit.detector import Caps, Models
from {name}_analyzer import analysis
analysis.warm_up(Caps(), Models())
print(*sys.modules)
"""
_RESTING = '''
import numpy as np
from pathlib import Path
from analyzer_contract import MediaFacts, Verdict
from analyzer_kit.detector import Assessment

def mapped():
    """Kilobytes of numpy's code."""
    found, counts = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.startswith("Rss:"):
            found += int(line.split()[1]) * counts
        elif "-" in line.split()[0]:
            counts = " r-xp " in line and "/numpy/" in line
    return found

def used():
    spectrum = np.fft.rfft(np.sort(np.sin(np.arange(4096.0))))
    return float(np.abs(spectrum).sum()), mapped()

def warm_up(caps, models):
    global warm
    warm = used()

def analyze(recording, plot, caps, report):
    at_rest, then = mapped(), used()
    same = then[0] == warm[0]
    return Assessment(media=MediaFacts(), verdict=Verdict.NO_EVIDENCE, score=0, detectors=[],
        summary=f"{warm[1]} {at_rest} {same}")
'''


def imported(code: str, name: str) -> set[str]:
    command = [sys.executable, "-c", code.format(name=name)]
    return set(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split())


@pytest.mark.parametrize("name", ["audio", "video"])
def test_a_service_imports_nothing_that_only_its_child_needs(name: str) -> None:
    found = imported(_SERVICE, name)
    assert {"botocore.client", "fastapi"} <= found
    assert found & {"PIL", "av", "cv2", "guardian_models", "numpy", "onnxruntime", f"{name}_analyzer.analysis"} == set()


@pytest.mark.parametrize("name", ["audio", "video"])
def test_a_warm_child_has_imported_nothing_that_only_its_service_needs(name: str) -> None:
    found = imported(_CHILD, name)
    assert {"PIL.ImageDraw", "av", "numpy"} <= found
    assert found & {"asyncio", "botocore", "fastapi", "ssl", "structlog", "uvicorn"} == set()


def test_a_warm_child_of_the_audio_analyzer_has_not_imported_what_no_analysis_needs() -> None:
    assert imported(_CHILD, "audio") & {"numpy.random", "onnx", "scipy"} == set()


@pytest.mark.asyncio
async def test_a_child_gives_back_its_libraries_code_whenever_it_rests_and_works_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resting.py").write_text(_RESTING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    worker = Worker(ChildConfig(module="resting", memory_bytes=2**30, caps=Caps()))
    await worker.start(60)
    task = Task(recording="none", plot="none", cpu_seconds=10)
    try:
        for _ in range(2):
            warm, at_rest, same = (await worker.run(task, lambda _stage, _fraction: None)).summary.split()
            assert same == "True"
            assert int(at_rest) < int(warm) / 4
    finally:
        worker.kill()
        await worker.gone()
