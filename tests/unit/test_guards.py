"""The tree's own rules, watched."""

from __future__ import annotations

import io
import operator as stdlib_operator
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from analysis_operator.api import crd
from audio_analyzer.loading import OWN_MODELS
from guardian_models.folder import names, read_manifest
from guardian_models.manifest import Manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["__init__.py", "operator.py"])
def test_the_operator_folder_does_not_shadow_the_standard_library(name: str) -> None:
    assert not (ROOT / "operator" / name).exists()
    assert stdlib_operator.add(1, 1) == 2


def test_images_stand_on_a_base_that_is_named_by_its_digest() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", dockerfile, re.MULTILINE)
    bases = {base for base, _ in stages} - {name for _, name in stages}
    assert len(stages) == len(re.findall(r"^FROM ", dockerfile, re.MULTILINE)) > 0
    assert bases == {"${BASE}"}
    assert re.search(r"^ARG BASE=docker\.io/library/debian:trixie-slim@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(crd.definitions()))
def test_the_committed_crds_are_what_the_models_generate(name: str) -> None:
    generated = crd.render(crd.definitions()[name])
    assert (ROOT / "crds" / name).read_text() == generated, "run `make generate` and commit the result"


@pytest.mark.parametrize("name", ["externalscaler_pb2.py", "externalscaler_pb2.pyi"])
def test_the_committed_messages_are_what_the_proto_generates(name: str, tmp_path: Path) -> None:
    sources, folder = ROOT / "operator" / "src", Path("analysis_operator") / "scaling"
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", str(sources), *outputs]
    subprocess.run([*command, str(folder / "externalscaler.proto")], check=True)
    generated = (tmp_path / folder / name).read_text()
    assert (sources / folder / name).read_text() == generated, "run `make generate` and commit the result"


def test_our_own_models_are_under_our_licence_or_say_from_what_they_descend() -> None:
    """Other people's weights stay out; numbers that we trained on from theirs come with their notice."""
    for manifest in (read_manifest(OWN_MODELS, name, Manifest) for name in names(OWN_MODELS)):
        if manifest.licence == "Apache-2.0":
            continue
        assert manifest.licence == "Apache-2.0 AND MIT"
        assert manifest.eval_card is not None
        assert "descends from AASIST" in (ROOT / manifest.eval_card).read_text("utf-8")
        assert manifest.id in (notice := (OWN_MODELS / "NOTICE").read_text("utf-8"))
        assert "MIT License" in notice
        assert "NAVER Corp." in notice


def test_no_weights_or_large_files_are_committed_but_our_own_models_of_at_most_10_mb() -> None:
    manifests = [read_manifest(OWN_MODELS, name, Manifest) for name in names(OWN_MODELS)]
    own = [OWN_MODELS / manifest.file for manifest in manifests]
    own += (ROOT / "analyzers/context/src/context_analyzer/classifier/weights").glob("*.npz")
    assert sum(path.stat().st_size for path in own) <= 10_000_000
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    lock = ROOT / "uv.lock"  # names every file of every package
    paths = [path for name in listed.split(b"\0") if name and (path := ROOT / name.decode()) != lock]
    large = [str(path) for path in paths if path.exists() and path not in own and path.stat().st_size > 1_000_000]
    weights = [
        str(path)
        for path in paths
        if path not in own and path.suffix in {".pth", ".pt", ".onnx", ".npz", ".safetensors"}
    ]
    assert large + weights == []


REPLACED = re.compile(
    r"(Knocker|bury|buried|ghosts|Reconciler|hardships|befall|[Ll]essons|acquainted|Sights?|_told|Together|Heard"
    r"|NOBODY|_worth_a_page|_how_it_stands)"
)
"""The glossary has another word for each: the field's, or one that says what it does."""


def test_no_name_is_one_that_the_glossary_replaced() -> None:
    command = ["git", "grep", "-lE", REPLACED.pattern, "--", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # this file has them all
    names = {
        (path, token.string)
        for path in listed.stdout.splitlines()
        for token in tokenize.generate_tokens(io.StringIO((ROOT / path).read_text("utf-8")).readline)
        if token.type == tokenize.NAME and REPLACED.fullmatch(token.string)
    }
    assert names == set()
