"""What the two processes of an idle analyzer hold: nothing that only the other one needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SERVICE = """
import sys
import {name}_analyzer.__main__, analyzer_kit.http_server
from analyzer_kit.s3 import ObjectStore
ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1).client()
print(*sys.modules)
"""
_CHILD = """
import sys
import analyzer_kit.child, analyzer_kit.child.template
from analyzer_kit.analysis import Caps, Models
from {name}_analyzer import analysis
analysis.warm_up(Caps(), Models())
print(*sys.modules)
"""


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


def test_a_warm_child_of_the_video_analyzer_reads_manifests_without_the_runtime_for_sound() -> None:
    found = imported(_CHILD, "video")
    assert {"guardian_models.choice", "guardian_models.manifest"} <= found
    assert found & {"guardian_models.runtime", "onnx", "onnxruntime"} == set()


def test_a_warm_child_of_the_audio_analyzer_has_not_imported_what_no_analysis_needs() -> None:
    assert imported(_CHILD, "audio") & {"numpy.random", "onnx", "scipy"} == set()
