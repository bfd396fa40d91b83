"""Local speech recognition: a real model hears real speech, and nothing where nothing is said."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis_operator.cli.app import app
from context_analyzer.reasons import NotDone
from context_analyzer.speech.hearing import _made_out
from context_analyzer.speech.lines import NotReady, TranscriptLine, transcribe_files
from context_analyzer.words import judge_line
from guardian_models.choice import choose_speech
from guardian_models.errors import ChecksumMismatch, ManifestRefused, ModelError, ModelMissing
from guardian_models.folder import entries
from guardian_models.speech import add, check
from ml.common import whisper
from tests.support.analyzers.speech_model import empty_speech_model

KOREAN = Path(__file__).parents[3] / "support" / "media" / "cases" / "korean_telephone.flac"
FIELDS = {
    *("schemaVersion", "id", "language", "languageProbability", "durationSeconds", "speechSeconds", "examinedShare"),
    *("model", "turns", "reason", "message"),
}
RATE = 16_000


def write(path: Path, samples: np.ndarray[tuple[int], np.dtype[np.float64]], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


async def lines_of(files: Sequence[Path], models: Path, model: str = whisper.MODEL) -> list[TranscriptLine]:
    named = {file.name: file for file in files}
    return [line async for line in transcribe_files(named, models, model, "")]


@pytest.fixture(scope="module")
def models() -> Path:
    return whisper.cached()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return empty_speech_model(tmp_path / "tiny")


async def test_speech_is_written_down_and_nothing_else_is(models: Path, tmp_path: Path) -> None:
    seconds = np.arange(12 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * tone * seconds) for tone in (262, 330, 392)) * (0.2 + 0.1 * np.sin(3 * seconds))
    random = np.random.default_rng(1)
    files = [
        KOREAN,
        write(tmp_path / "silence.wav", np.zeros(20 * RATE)),
        write(tmp_path / "music.wav", chord),
        write(tmp_path / "hiss.wav", 0.05 * random.standard_normal(10 * RATE)),
        tmp_path / "text.wav",
    ]
    files[-1].write_text("This is no sound.")
    speech, *others, text = await lines_of(files, models)
    assert (speech.language, speech.reason) == ("ko", "")
    assert "고객님" in " ".join(turn.text for turn in speech.turns)
    assert 3 < (speech.speech_seconds or 0) <= (speech.duration_seconds or 0) <= 5.1
    words = [word for turn in speech.turns for word in turn.words]
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert all(0 <= word.start <= word.end <= 5.1 for word in words)
    assert [(line.reason, line.turns) for line in others] == [("NoSpeech", [])] * 3
    assert (text.reason, text.turns) == ("UnsupportedMedia", [])
    assert judge_line(speech.model_dump_json(by_alias=True).encode()).verdict == "NoEvidence"


def test_speech_of_which_no_word_is_made_out_is_not_called_silence() -> None:
    assert _made_out(b'{"speechSeconds": 1.0, "results": {"items": []}}')
    with pytest.raises(NotDone, match="could not be made out"):
        _made_out(b'{"speechSeconds": 9.0, "results": {"items": []}}')


def test_the_command_prints_a_line_for_each_recording(models: Path, tmp_path: Path) -> None:
    silence = write(tmp_path / "silence.wav", np.zeros(RATE))
    result = CliRunner().invoke(app, ["transcribe", str(silence), "--models", str(models)])
    line = json.loads(result.stdout)
    assert result.exit_code == 1
    assert set(line) == FIELDS
    assert (line["schemaVersion"], line["id"], line["reason"]) == ("v1", str(silence), "NoSpeech")


def test_without_a_model_the_command_says_where_to_get_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["transcribe", str(KOREAN), "--models", str(tmp_path)])
    assert result.exit_code == 1
    assert "make speech-model" in result.stderr


async def test_a_folder_that_is_no_whisper_is_named(tiny: Path, tmp_path: Path) -> None:
    add(tiny, tmp_path / "models", "tiny", licence="MIT")
    with pytest.raises(NotReady, match="no Whisper in the form of CTranslate2"):
        await lines_of([KOREAN], tmp_path / "models", "tiny")


def test_the_files_are_those_of_the_manifest(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    manifest = add(tiny, folder, "tiny", licence="MIT")
    assert choose_speech(folder) == manifest
    assert [(entry.name, entry.problem) for entry in entries(folder)] == [("tiny", "")]
    (folder / "tiny" / "model.bin").write_text("another one")
    with pytest.raises(ChecksumMismatch, match=r"model\.bin has sha256"):
        check(folder, manifest)
    (folder / "tiny" / "model.bin").unlink()
    with pytest.raises(ModelMissing, match="is gone"):
        check(folder, manifest)
    assert "is gone" in entries(folder)[0].problem


def test_one_of_several_models_is_named(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for name in ("base", "small"):
        add(tiny, folder, name, licence="MIT")
    with pytest.raises(ManifestRefused, match="several models for speech, base, small"):
        choose_speech(folder)
    chosen = choose_speech(folder, "small")
    assert chosen is not None
    assert chosen.id == "small"
    assert choose_speech(tmp_path / "nowhere") is None
    with pytest.raises(ModelMissing, match="large"):
        choose_speech(folder, "large")


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json", "vocabulary.json"])
def test_a_folder_that_lacks_a_file_is_refused(tiny: Path, tmp_path: Path, missing: str) -> None:
    (tiny / missing).unlink()
    with pytest.raises(ModelError, match=missing.partition(".")[0]):
        add(tiny, tmp_path / "models", "tiny", licence="MIT")
    assert not (tmp_path / "models" / "tiny.json").exists()


def test_who_does_not_transcribe_loads_no_network() -> None:
    code = (
        "import sys, analysis_operator.cli.app, context_analyzer.backend, context_analyzer.speech.hearing\n"
        "sys.exit(str({'ctranslate2', 'faster_whisper', 'huggingface_hub', 'tokenizers'} & set(sys.modules)))"
    )
    process = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert process.stderr.strip() == "set()"
