"""The published weights, imported with the command line, against what the reference network computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from guardian_models.catalogue import ASVSPOOF5_AASIST
from guardian_models.errors import BuildFailed
from guardian_models.folder import read_manifest, read_model
from guardian_models.importing import check
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model, load

pytestmark = pytest.mark.integration

ID = "asvspoof5-aasist"


def guardian(*arguments: str, models: Path | None = None, modules: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line; modules whose names are given cannot be imported in it."""
    code = f"import sys; sys.modules.update(dict.fromkeys({modules.split()!r}))\n"
    code += "from analysis_operator.cli import main; main()"
    environment = os.environ | ({"GUARDIAN_MODELS": str(models)} if models else {})
    command: Sequence[str] = [sys.executable, "-c", code, "models", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="session")
def folder(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    result = guardian("import", str(weights), models=models, modules="torch pickle5")
    assert result.returncode == 0, result.stderr
    return models


def test_the_imported_model_answers_as_the_reference_network(folder: Path, vectors: Path) -> None:
    model = load(folder, ID)
    with np.load(vectors) as expected:
        for name, x, logits, embedding in zip(*(expected[key] for key in expected.files), strict=True):
            answer = model.run(x)
            assert np.abs(answer.logits - logits).max() <= 1e-3 * np.abs(logits).max(), name
            assert np.abs(answer.embedding - embedding).max() <= 1e-3 * np.abs(embedding).max(), name
            assert answer.score == pytest.approx(logits[0] - logits[1], rel=2e-3), name


def test_the_manifest_says_what_the_model_is(folder: Path) -> None:
    manifest = json.loads((folder / f"{ID}.json").read_text())
    assert manifest["licence"] == "MIT"
    assert manifest["copyright"] == "© NAVER Corp."
    assert manifest["source"]["sha256"] == ASVSPOOF5_AASIST.sha256
    assert manifest["input"]["sampleRate"] == 16000
    assert manifest["input"]["samples"] == 64600
    assert manifest["logits"]["classes"][manifest["logits"]["fakeIndex"]] == "spoof"


def test_the_same_arrays_in_an_npz_make_the_same_model(folder: Path, arrays: Path, tmp_path: Path) -> None:
    result = guardian("import", str(arrays), "--models", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert read_model(tmp_path, read_manifest(tmp_path, ID, SoundManifest)) == read_model(
        folder, read_manifest(folder, ID, SoundManifest)
    )


@pytest.mark.parametrize("suffix", [".pth", ".npz"])
def test_weights_with_one_changed_byte_are_refused(weights: Path, arrays: Path, suffix: str, tmp_path: Path) -> None:
    content = bytearray({".pth": weights, ".npz": arrays}[suffix].read_bytes())
    content[len(content) // 2] ^= 1
    changed = tmp_path / f"changed{suffix}"
    changed.write_bytes(content)
    result = guardian("import", str(changed), models=tmp_path / "models")
    assert result.returncode == 1
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "models").exists()


def test_an_unknown_file_is_refused_with_what_is_known(tmp_path: Path) -> None:
    unknown = tmp_path / "best.pth"
    unknown.write_bytes(b"something else")
    result = guardian("import", str(unknown), models=tmp_path / "models")
    assert result.returncode == 1
    assert ASVSPOOF5_AASIST.sha256 in result.stderr
    assert ASVSPOOF5_AASIST.url in result.stderr


def test_the_list_tells_a_right_file_from_a_wrong_one(folder: Path, tmp_path: Path) -> None:
    good = guardian("list", models=folder)
    assert good.returncode == 0
    assert f"{ID}   right" in good.stdout
    manifest = read_manifest(folder, ID, SoundManifest)
    (tmp_path / f"{ID}.json").write_text(manifest.text())
    (tmp_path / manifest.file).write_bytes(read_model(folder, manifest) + b"\0")
    bad = guardian("list", models=tmp_path)
    assert bad.returncode == 1
    assert f"{ID}   wrong" in bad.stdout
    assert manifest.sha256 in bad.stderr
    assert "no models" in guardian("list", models=tmp_path / "nothing").stdout


def test_a_build_that_computes_something_else_is_noticed(folder: Path) -> None:
    from onnx import load_from_string, numpy_helper

    manifest = read_manifest(folder, ID, SoundManifest)
    graph = load_from_string(read_model(folder, manifest))
    largest = max(graph.graph.initializer, key=lambda constant: len(constant.raw_data))
    largest.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(largest) * np.float32(1.05), largest.name))
    with pytest.raises(BuildFailed, match="answers the probe"):
        check(Model(manifest, graph.SerializeToString()), ASVSPOOF5_AASIST)
