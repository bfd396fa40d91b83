"""Who writes down what is said: no recording leaves the installation unless it asks for that."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analyzer_kit.s3 import ObjectStore
from context_analyzer.settings import ContextSettings
from context_analyzer.speech.transcriber import LocalTranscriber
from context_analyzer.transcriber import Transcriber
from context_analyzer.transcribers import choose_transcriber
from guardian_models.speech import add
from tests.support.analyzers.speech_model import empty_speech_model

BUCKET = "s3://transcripts/"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    add(empty_speech_model(tmp_path / "source"), tmp_path / "models", "tiny", licence="MIT")
    return tmp_path / "models"


def chosen(**settings: Any) -> type[object] | None:
    store = ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1)
    with ThreadPoolExecutor(1) as threads:
        transcriber = choose_transcriber(ContextSettings(**settings), store, threads)
    return type(transcriber) if transcriber else None


def test_the_local_one_goes_before_transcribe(models: Path) -> None:
    assert chosen(models=models, context_transcripts=BUCKET) is LocalTranscriber
    assert chosen(models=models) is LocalTranscriber


def test_transcribe_is_used_where_it_was_asked_for(models: Path) -> None:
    assert chosen(context_transcripts=BUCKET) is Transcriber
    assert chosen(models=models, context_transcripts=BUCKET, context_transcriber="amazon") is Transcriber


def test_without_either_the_transcript_lies_beside_the_recording(models: Path, tmp_path: Path) -> None:
    assert chosen() is None
    assert chosen(models=tmp_path) is None
    assert chosen(models=models, context_transcripts=BUCKET, context_transcriber="supplied") is None


def test_an_installation_that_cannot_listen_sends_nothing_to_amazon_instead(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "guardian_models.choice", None)
    with pytest.raises(SystemExit, match=r"silver-guardian-context\[transcription\]"):
        chosen(models=models, context_transcripts=BUCKET)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"context_transcriber": "local"}, "no model for speech"),
        ({"context_transcriber": "amazon"}, "GUARDIAN_CONTEXT_TRANSCRIPTS"),
        ({"context_speech_model": "small"}, "no model small"),
    ],
)
def test_what_was_asked_for_and_is_not_there_is_said(models: Path, settings: dict[str, str], told: str) -> None:
    local = {} if "transcriber" in next(iter(settings)) else {"models": models}
    with pytest.raises(SystemExit, match=told):
        chosen(**settings, **local)
