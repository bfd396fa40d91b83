"""A model that runs: on what, on which sounds, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from guardian_models.errors import InputRefused
from guardian_models.folder import read_manifest, read_model, write
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model, load, providers
from tests.support.analyzers.small_model import SAMPLES, manifest_of, small_model

MEGABYTE = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = small_model()
    write(tmp_path, manifest_of(model), model)
    return tmp_path


def test_a_model_is_loaded_and_its_score_is_higher_for_the_fake_class(folder: Path) -> None:
    model = load(folder, "small")
    answer = model.run(np.full(SAMPLES, 0.5, np.float32))
    np.testing.assert_allclose(answer.logits, [-4, 4])
    np.testing.assert_allclose(answer.embedding, 0.5)
    assert answer.score == pytest.approx(8)
    assert model.run(np.full(SAMPLES, -0.5, np.float32)).score == pytest.approx(-8)


@pytest.mark.parametrize(
    ("available", "chosen"),
    [
        (["CPUExecutionProvider"], ["CPUExecutionProvider"]),
        (["AzureExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"]),
        (
            ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
            ["CUDAExecutionProvider", "CPUExecutionProvider"],
        ),
        ([], ["CPUExecutionProvider"]),
    ],
)
def test_a_gpu_comes_first_where_the_runtime_has_one(available: list[str], chosen: list[str]) -> None:
    assert providers(available) == chosen


def test_a_model_for_a_gpu_runs_without_one_and_says_so(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    window = np.full(SAMPLES, 0.5, np.float32)
    assert load(folder, "small", gpu=True).run(window).score == load(folder, "small").run(window).score
    assert [record.getMessage() for record in caplog.records] == [
        "a model that may use a GPU runs on the CPU: this runtime is built without CUDA"
    ]


def test_a_loaded_model_does_not_hold_on_to_its_file(folder: Path) -> None:
    manifest = read_manifest(folder, "small", SoundManifest)
    content = read_model(folder, manifest)
    held = sys.getrefcount(content)
    model = Model(manifest, content)
    assert sys.getrefcount(content) == held
    assert model.run(np.full(SAMPLES, 0.5, np.float32)).score == pytest.approx(8)


def test_what_a_model_needed_while_it_ran_is_given_back() -> None:
    graph, sound = Graph(), Tensor("samples")
    large = graph.op("Expand", graph.op("ReduceSum", sound, graph.ints(1)), graph.ints(1, 64 * MEGABYTE // 4))
    logits = graph.op("Slice", graph.op("Sqrt", graph.op("Abs", large)), graph.ints(0), graph.ints(2), graph.ints(1))
    outputs = {"logits": (logits, [1, 2]), "embedding": (sound, [1, SAMPLES])}
    content = graph.model("large", (sound, [1, SAMPLES]), outputs)
    model = Model(manifest_of(content), content)
    before = psutil.Process().memory_info().rss
    assert model.run(np.full(SAMPLES, 0.5, np.float32)).logits == pytest.approx(2)
    assert psutil.Process().memory_info().rss - before < 32 * MEGABYTE


@pytest.mark.parametrize(
    "window",
    [
        np.zeros(SAMPLES - 1, np.float32),
        np.zeros((1, SAMPLES), np.float32),
        np.zeros(SAMPLES, np.float64),
        np.full(SAMPLES, np.nan, np.float32),
        np.full(SAMPLES, 1.5, np.float32),
    ],
)
def test_a_window_that_is_not_what_the_manifest_says_is_refused(folder: Path, window: Any) -> None:
    with pytest.raises(InputRefused, match="small takes"):
        load(folder, "small").run(window)


def test_the_runtime_reports_to_nobody() -> None:
    code = "import guardian_models.runtime, pathlib; print(len(list(pathlib.Path('/proc/self/task').iterdir())))"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
    assert told.stdout == "1\n", "ONNX Runtime has started the thread of its telemetry"


@pytest.mark.parametrize("threads", [1, 3])
def test_windows_are_answered_in_their_order(folder: Path, threads: int) -> None:
    levels = [0.1 * number for number in range(-5, 6)]
    answers = load(folder, "small", threads).run_all(np.full(SAMPLES, level, np.float32) for level in levels)
    assert [answer.score for answer in answers] == pytest.approx([2 * SAMPLES * level for level in levels])
