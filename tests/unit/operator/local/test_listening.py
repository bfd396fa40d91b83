"""Where this machine has a model for speech, what is said is judged by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis_operator.local.errors import StartFailed
from analysis_operator.local.listening import context_environment, default_analyzers
from guardian_models.speech import add
from tests.support.analyzers.speech_model import empty_speech_model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUARDIAN_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GUARDIAN_CONTEXT_SPEECH_MODEL", raising=False)
    return tmp_path / "models"


def test_without_a_model_transcripts_lie_beside_recordings(folder: Path) -> None:
    assert default_analyzers() == ["audio", "video"]
    assert context_environment() == {"GUARDIAN_CONTEXT_TRANSCRIBER": "supplied"}


def test_with_one_it_listens(folder: Path, tmp_path: Path) -> None:
    add(empty_speech_model(tmp_path / "source"), folder, "tiny", licence="MIT")
    assert default_analyzers() == ["audio", "video", "context"]
    assert context_environment() == {"GUARDIAN_CONTEXT_TRANSCRIBER": "local", "GUARDIAN_MODELS": str(folder)}


def test_of_several_one_has_to_be_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tiny", "other"):
        add(empty_speech_model(tmp_path / name), folder, name, licence="MIT")
    with pytest.raises(StartFailed, match="several models for speech, other, tiny"):
        default_analyzers()
    monkeypatch.setenv("GUARDIAN_CONTEXT_SPEECH_MODEL", "tiny")
    assert default_analyzers()[-1] == "context"
