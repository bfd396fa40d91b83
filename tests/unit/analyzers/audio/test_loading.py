"""Which models the audio analyzer loads, and what keeps it from starting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer_kit.analysis import Models
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.errors import Misconfigured
from analyzer_kit.settings import KitSettings
from audio_analyzer.loading import load_models
from tests.support.analyzers.listener import write_listener

NOTHING = Path("/nonexistent")
VIDEO = {"manifestVersion": 1, "id": "bright", "input": {"kind": "video", "name": "frames"}}


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


def test_the_packages_own_model_is_used_and_those_of_a_folder_come_on_top(tmp_path: Path) -> None:
    own, other = write_listener(tmp_path / "own", "own"), write_listener(tmp_path / "other", "other")
    assert ids(Models(), own) == ["own"]
    assert ids(Models(folder=str(other)), own) == ["own", "other"]
    write_listener(tmp_path / "other", "more")
    assert ids(Models(folder=str(other), ids=("more",)), own) == ["own", "more"]


def test_a_model_of_the_folder_takes_the_place_of_the_own_one_of_its_name(tmp_path: Path) -> None:
    own, newer = write_listener(tmp_path / "own", "own"), write_listener(tmp_path / "other", "own", evalCard="newer")
    (model,) = load_models(Models(folder=str(newer)), 1, own)
    assert model.manifest.eval_card == "newer"


def test_the_package_brings_two_models() -> None:
    models = load_models(Models(), 1)
    assert [model.manifest.id for model in models] == ["voice-texture", "voice-wideband"]
    for model in models:
        assert model.manifest.eval_card == f"docs/cards/{model.manifest.id}.md"
        assert model.manifest.calibration is not None


def test_a_manifest_of_a_model_for_video_is_passed_over_with_a_word_and_refused_if_it_is_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_listener(tmp_path)
    (folder / "bright.json").write_text(json.dumps(VIDEO))
    assert ids(Models(folder=str(folder))) == ["listener"]
    assert "bright.json is of a model for video" in caplog.text
    with pytest.raises(Misconfigured, match="for video, not for sound"):
        load_models(Models(folder=str(folder), ids=("bright",)), 1)
    for each in folder.glob("listener*"):
        each.unlink()
    assert ids(Models(folder=str(folder))) == []


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


def test_models_that_are_named_need_a_folder() -> None:
    with pytest.raises(Misconfigured, match="no folder of models"):
        load_models(Models(ids=("listener",)), 1)


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
