"""A folder of models: manifests that are checked, and files that are verified."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guardian_models.errors import ChecksumMismatch, FolderUnusable, ManifestRefused, ModelMissing, OtherKind
from guardian_models.folder import default_folder, entries, read_manifest, write
from guardian_models.manifest import FrameManifest, Manifest, SoundManifest, parse
from guardian_models.runtime import load
from tests.support.analyzers.small_model import SAMPLES, manifest_of, small_model

CALIBRATION: dict[str, Any] = {
    "slope": 1.5,
    "intercept": -1.0,
    "threshold": 1.0,
    "strictThreshold": 2.0,
    "reference": [each / 10 for each in range(-10, 11)],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = small_model()
    write(tmp_path, manifest_of(model), model)
    return tmp_path


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "small.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_changed_file_is_not_loaded(folder: Path) -> None:
    other = small_model(2.0)
    next(folder.glob("*.onnx")).write_bytes(other)
    with pytest.raises(ChecksumMismatch, match=hashlib.sha256(other).hexdigest()):
        load(folder, "small")
    (entry,) = entries(folder)
    assert "sha256" in entry.problem


def test_a_missing_model_is_told_from_a_missing_file(folder: Path) -> None:
    with pytest.raises(ModelMissing, match="no model other"):
        load(folder, "other")
    next(folder.glob("*.onnx")).unlink()
    with pytest.raises(ModelMissing, match="is gone"):
        load(folder, "small")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_manifest_of_an_unknown_version_is_refused(folder: Path, version: object) -> None:
    rewrite(folder, manifestVersion=version)
    with pytest.raises(ManifestRefused, match="manifestVersion"):
        load(folder, "small")


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../small.onnx"},
        {"file": "/etc/passwd"},
        {"sha256": "abc"},
        {"surprise": 1},
        {"id": "other"},
        {"evalCard": ""},
        {"calibration": CALIBRATION | {"slope": -1}},
        {"calibration": CALIBRATION | {"strictThreshold": 0.5}},
        {"calibration": CALIBRATION | {"reference": [0.0] * 20}},
        {"calibration": CALIBRATION | {"reference": [1.0, *[0.0] * 20]}},
        {"domain": {"minSnrDb": 20}},
        {"logits": {"name": "logits", "classes": ["a", "b"], "fakeIndex": 2, "score": "fake-minus-other"}},
        {"input": {"kind": "audio", "name": "samples", "sampleRate": 16000, "samples": 9, "low": -1, "high": 1}},
    ],
)
def test_a_manifest_that_is_wrong_is_refused(folder: Path, changes: dict[str, object]) -> None:
    rewrite(folder, **changes)
    with pytest.raises(ManifestRefused):
        load(folder, "small")


def test_what_was_measured_of_a_model_is_kept_in_its_manifest(folder: Path) -> None:
    measured = {"minSnrDb": 20, "minBandwidthHz": 5000, "minSpeechSeconds": 2}
    rewrite(folder, calibration=CALIBRATION, domain=measured, evalCard="docs/cards/voice-texture.md")
    manifest = load(folder, "small").manifest
    assert manifest.calibration is not None
    assert manifest.domain is not None
    assert (manifest.calibration.strict_threshold, manifest.domain.min_snr_db) == (2.0, 20)
    assert parse(manifest.text(), "again", SoundManifest) == manifest


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 50_000, "\xff"])
def test_a_manifest_that_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "small.json").write_text(text, encoding="latin-1")
    with pytest.raises(ManifestRefused):
        load(folder, "small")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    write(tmp_path, manifest_of(b"not an ONNX file"), b"not an ONNX file")
    with pytest.raises(ManifestRefused, match="cannot be loaded"):
        load(tmp_path, "small")


def test_a_new_model_takes_the_place_of_the_old_one(folder: Path) -> None:
    model = small_model(2.0)
    write(folder, manifest_of(model), model)
    assert load(folder, "small").run(np.full(SAMPLES, 0.5, np.float32)).score == pytest.approx(16)
    assert len(list(folder.iterdir())) == 2


def test_a_write_that_fails_leaves_the_old_model_in_use(folder: Path) -> None:
    model = small_model(2.0)
    new = manifest_of(model)
    (folder / new.file).mkdir()
    with pytest.raises(FolderUnusable):
        write(folder, new, model)
    assert load(folder, "small").run(np.full(SAMPLES, 0.5, np.float32)).score == pytest.approx(8)
    assert not list(folder.glob(".*"))


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GUARDIAN_MODELS", raising=False)
    assert default_folder() == tmp_path / ".local/share/silver-guardian/models"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_folder() == tmp_path / "data/silver-guardian/models"
    monkeypatch.setenv("GUARDIAN_MODELS", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"


FRAMES: dict[str, Any] = {
    "manifestVersion": 1,
    "id": "bright",
    "file": "bright.onnx",
    "sha256": "0" * 64,
    "input": {"kind": "video", "name": "frames", "frames": 4, "height": 16, "width": 16},
    "logits": {"name": "logits", "classes": ["fake", "other"], "fakeIndex": 0},
    "licence": "MIT",
    "calibration": {"threshold": 0.2, "strictThreshold": 0.3},
    "evalCard": "made by this test",
}


def test_a_folder_holds_models_for_sound_and_for_frames_by_one_form_of_manifest(folder: Path) -> None:
    (folder / "bright.json").write_text(json.dumps(FRAMES | {"surprise": 1}))
    (folder / "bright.onnx").write_bytes(b"frames")
    frames = read_manifest(folder, "bright", FrameManifest)
    assert (frames.input.frames, frames.input.every_seconds) == (4, 1.0)
    assert frames.calibration is not None
    assert frames.calibration.strict_threshold == 0.3
    assert [type(read_manifest(folder, name, Manifest)) for name in ("bright", "small")] == [
        FrameManifest,
        SoundManifest,
    ]
    bright, small = entries(folder)
    assert "sha256 differs" in bright.problem
    assert bright.manifest is not None
    assert small.manifest is not None
    assert (str(bright.manifest.input), str(small.manifest.input)) == ("4 frames", "0.00 s of sound")


@pytest.mark.parametrize("kind", [SoundManifest, FrameManifest])
def test_a_manifest_of_another_kind_is_told_from_a_wrong_one_whatever_its_version(kind: type[Manifest]) -> None:
    other = {"manifestVersion": 7, "input": {"kind": {"video": "audio", "sound": "video"}[kind.takes]}}
    with pytest.raises(OtherKind, match=f"not for {kind.takes}"):
        parse(json.dumps(other), "other.json", kind)
