"""Which models the audio analyzer loads, and what keeps it from starting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.detector import Models
from analyzer_kit.errors import Misconfigured
from analyzer_kit.settings import KitSettings
from audio_analyzer.loading import load_models
from tests.support.listener import write_listener

NOTHING = Path("/nonexistent")


def ids(models: Models, own: Path = NOTHING) -> list[str]:
    return [model.manifest.id for model in load_models(models, 1, own)]


def rewrite(folder: Path, part: str, **changes: object) -> None:
    manifest = folder / "listener.json"
    changed = json.loads(manifest.read_text())
    changed[part].update(changes)
    manifest.write_text(json.dumps(changed))


def test_all_models_of_the_folder_are_used_or_those_that_are_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_listener(tmp_path, name)
    assert ids(Models(folder=str(tmp_path))) == ["one", "two"]
    assert ids(Models(folder=str(tmp_path), ids=("two",))) == ["two"]


def test_without_a_folder_the_packages_own_model_is_used_if_there_is_one(tmp_path: Path) -> None:
    assert ids(Models()) == []
    assert ids(Models(), write_listener(tmp_path, "own")) == ["own"]


def test_a_folder_takes_the_place_of_the_packages_own_model(tmp_path: Path) -> None:
    own, other = write_listener(tmp_path / "own", "own"), write_listener(tmp_path / "other", "other")
    assert ids(Models(folder=str(other)), own) == ["other"]


@pytest.mark.parametrize(
    ("change", "asked", "why"),
    [
        (lambda folder: next(folder.glob("*.onnx")).write_bytes(b"other"), (), "has sha256"),
        (lambda folder: next(folder.glob("*.onnx")).unlink(), (), "is gone"),
        (lambda folder: (folder / "listener.json").write_text("{"), (), "is not JSON"),
        (lambda folder: rewrite(folder, "embedding", size=7), (), "its manifest says"),
        (lambda folder: rewrite(folder, "input", sampleRate=8000), (), "8000 Hz"),
        (lambda folder: None, ("listener", "other"), "there is no model other"),
        (lambda folder: [each.unlink() for each in folder.iterdir()], (), "There are no models"),
    ],
)
def test_a_model_that_is_missing_or_wrong_is_named(
    tmp_path: Path, change: Callable[[Path], object], asked: tuple[str, ...], why: str
) -> None:
    change(write_listener(tmp_path))
    with pytest.raises(Misconfigured, match=why):
        load_models(Models(folder=str(tmp_path), ids=asked), 1)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="absent"):
        load_models(Models(folder=str(tmp_path / "absent")), 1)


def test_the_environment_names_the_folder_and_each_analyzers_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIAN_MODELS", str(tmp_path))
    monkeypatch.setenv("GUARDIAN_AUDIO_MODEL", "one, two")
    for name, expected in (("audio", ("one", "two")), ("video", ())):
        told = KitSettings().child(Analyzer(name=name, version="1", module="none", port=1)).models
        assert (told.folder, told.ids) == (str(tmp_path), expected)
