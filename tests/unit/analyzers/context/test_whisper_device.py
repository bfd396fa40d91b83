"""Where Whisper computes: on a GPU that works, else on the CPU, and it is said why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from context_analyzer.speech import whisper as module
from context_analyzer.speech.whisper import Whisper


class Stub:
    """Stands in for a model of CTranslate2; there is no GPU here."""

    broken = ""

    def __init__(self, _folder: str, *, device: str, compute_type: str, **_others: Any) -> None:
        self.made = (device, compute_type)

    def detect_language(self, **_sound: Any) -> None:
        if self.broken:
            raise RuntimeError(self.broken)


@pytest.mark.parametrize(
    ("gpus", "broken", "made"),
    [
        (0, "", ("cpu", "int8")),
        (1, "", ("cuda", "int8_float16")),
        (1, "Library libcublas.so.12 is not found", ("cpu", "int8")),
    ],
)
def test_a_gpu_is_used_if_it_works(
    gpus: int, broken: str, made: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WhisperModel", Stub)
    monkeypatch.setattr(Stub, "broken", broken)
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: gpus)
    whisper = Whisper(Path("models"), threads=1)
    assert (whisper.device, whisper.why_not_gpu) == (made[0], broken)
    assert vars(whisper)["_model"].made == made
