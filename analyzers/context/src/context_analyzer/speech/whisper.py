"""Whisper by faster-whisper (CTranslate2, 8-bit integers): from samples to words with times, in Transcribe's format.

It computes on a GPU if there is one. It is imported by the listener alone: loading it takes a second and 60 MB.
"""

from __future__ import annotations

import math
import os
import time

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when the hub's client is imported: nothing is ever fetched
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.transcribe import Segment
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.voice_activity import VoiceMeter, speech_stretches
from context_analyzer.speech.windows import Samples, Window, pieces, second_of, sound_of, windows

_TEMPERATURES = (0.0, 0.4)
"""What goes round in circles is heard once more with some chance in it, and left out then. More tries would make noise
cost six times as much."""

_NO_SPEECH, _UNLIKELY = 0.6, -1.0
"""Whisper's makers' values: what it took for silence, and wrote without confidence, was not said."""

_MOST_COMPRESSION = 2.4
"""Text that is compressed to less than that, says the same over and over: Whisper's makers' value."""

_SURE_OF_LANGUAGE, _LANGUAGE_WINDOWS = 0.8, 3
"""The first window tells the language, if it is sure; else the first three together."""

_SEED = 7
_BLOCK = 10 * SAMPLE_RATE

Progress = Callable[[float], None]


class Whisper:
    """A model, ready to hear.

    Args:
        folder: of its files, checked before.
        threads: that it computes with.

    Attributes:
        device: ``cuda`` or ``cpu``.
        why_not_gpu: what went wrong with one that is there; empty if nothing did, or if there is none.

    Raises:
        RuntimeError: the files are no Whisper in the form of CTranslate2.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self.device, self.why_not_gpu = "cpu", ""
        if ctranslate2.get_cuda_device_count():
            try:
                self._model = self._loaded(folder, threads, "cuda", "int8_float16")
                # Libraries that it computes with are looked for when they are first needed.
                self._model.detect_language(audio=np.zeros(SAMPLE_RATE, np.float32))
            except RuntimeError as error:
                self.why_not_gpu = str(error)
            else:
                self.device = "cuda"
                return
        self._model = self._loaded(folder, threads, "cpu", "int8")

    @staticmethod
    def _loaded(folder: Path, threads: int, device: str, numbers: str) -> WhisperModel:
        return WhisperModel(
            str(folder), device=device, compute_type=numbers, cpu_threads=threads, local_files_only=True
        )

    def hear(self, samples: Samples, language: str, progress: Progress, seconds: float = math.inf) -> dict[str, Any]:
        """Return what is said, in the format of Amazon Transcribe.

        Args:
            samples: mono, 16 kHz.
            language: in which it is said, as ``ko`` or ``ko-KR``; empty: found out.
            progress: called with the share that is done.
            seconds: how long it may take: what is not heard by then is left out, and ``heardShare`` says so.
        """
        until = time.monotonic() + seconds
        ctranslate2.set_random_seed(_SEED)
        meter = VoiceMeter()
        for start in range(0, samples.size, _BLOCK):
            meter.add(np.asarray(samples[start : start + _BLOCK], np.float32) / np.float32(32768))
        speech = meter.result()
        parts = windows(pieces(speech_stretches(speech), speech, samples.size))
        spoken, sure = self._language(language, parts, samples)
        items = list[dict[str, Any]]()
        share = 1.0
        for number, window in enumerate(parts):
            if time.monotonic() > until:
                share = window[0].start / samples.size
                break
            items += self._words(window, samples, spoken)
            progress((number + 1) / len(parts))
        heard = sum(piece.end - piece.start for window in parts for piece in window) / SAMPLE_RATE
        return {
            "results": {"language_code": spoken if items else "", "items": items},
            "heardShare": math.floor(share * 1000) / 1000,
            "languageProbability": round(sure, 3),
            "speechSeconds": round(heard, 2),
        }

    def _language(self, given: str, parts: list[Window], samples: Samples) -> tuple[str, float]:
        known = given.partition("-")[0].lower()
        if known:
            return known, 1.0
        if not self._model.model.is_multilingual or not parts:
            return "en", 1.0
        likely = dict[str, float]()
        for number, window in enumerate(parts[:_LANGUAGE_WINDOWS], 1):
            _, sure, listed = self._model.detect_language(audio=sound_of(window, samples))
            for code, probability in listed:
                likely[code] = likely.get(code, 0.0) + probability
            if number == 1 and sure >= _SURE_OF_LANGUAGE:
                break
        best = max(likely, key=likely.__getitem__)
        return best, likely[best] / number

    def _words(self, window: Window, samples: Samples, language: str) -> Iterator[dict[str, Any]]:
        for segment in self._segments(sound_of(window, samples), language):
            for word in segment.words or ():
                if content := word.word.strip():
                    yield {
                        "type": "pronunciation",
                        "start_time": round(second_of(window, word.start), 2),
                        "end_time": round(second_of(window, max(word.end, word.start)), 2),
                        "alternatives": [{"content": content[:400]}],
                    }

    def _segments(self, sound: NDArray[np.float32], language: str) -> list[Segment]:
        """Return what was written about a window, and is not known to be nonsense."""
        for temperature in _TEMPERATURES:
            # The batched pipeline, though for one window: the other one hears the end of a window a second time.
            heard, _ = BatchedInferencePipeline(self._model).transcribe(
                sound, language=language, beam_size=1, temperature=temperature, vad_filter=False, word_timestamps=True
            )
            segments = list(heard)
            if all(segment.compression_ratio <= _MOST_COMPRESSION for segment in segments):
                return [each for each in segments if each.no_speech_prob <= _NO_SPEECH or each.avg_logprob > _UNLIKELY]
        return []
