"""Mellotron (a Tacotron 2 with many speakers) and MelGAN, the networks of the package ttskit, run by numpy alone."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from ml.common.packages import DataMissing
from ml.voice.data.layers import Array, Weights, conv, leaky, read, transposed_conv
from ml.voice.data.sound import Sound, rng

RATE: Final = 22_050
_NAMES: Final = (
    "Aibao Aicheng Aida Aijia Aijing Aimei Aina Aiqi Aitong Aiwei Aixia Aiya Aiyu Aiyue Siyue Xiaobei Xiaoxue Xiaoyun "
    "biaobei SSB0005 SSB0011 SSB0016 SSB0018 SSB0043 SSB0057 SSB0073 SSB0080 SSB0139 SSB0145 SSB0193 SSB0197 SSB0200"
)
VOICES: Final = dict.fromkeys(_NAMES.split(), ("zh",))
"""Names in the package, and speakers of AISHELL-3: those with which the network stops at the end of a text.

The network identifies a speaker by a hash of the name.
"""

_QUIET: Final = -11.5129  # log of 1e-5: the smallest value of a mel spectrogram of this kind
_HOP: Final = 256
_MOST_FRAMES: Final = 800
_END: Final = 0.8  # of the gate
_SLOPE: Final = 0.2  # of leaky units

# Symbols in the order of the network's embedding: pad, end, chain, initials, finals, tones, letters, punctuation.
_INITIALS: Final = "aa b c ch d ee f g h ii j k l m n oo p q r s sh t uu vv x z zh"
_FINALS: Final = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu ix iy iz o ong ou u ua uai uan uang ueng ui un "
    "uo v van ve vn ng uong"
)
_LETTERS: Final = 52
_MARKS: Final = "!?.,;:"
_SYMBOLS: Final = ["_", "~", "-", *_INITIALS.split(), *_FINALS.split(), *"12345", *[""] * _LETTERS, *_MARKS]

_State = tuple[Array, Array]


def speak(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with Mellotron and MelGAN. ``text`` is pinyin with the number of the tone after each syllable."""
    return wave(spectrogram(text, voice, language)), RATE


def spectrogram(text: str, voice: str, language: str) -> Array:
    """Return the mel spectrogram of Mellotron's speech, as :func:`wave` takes it. ``language`` is Chinese."""
    return _mel(_symbols(text), voice, rng("mellotron", text, voice, language))


def wave(mel: Array) -> Sound:
    """Return the sound of a mel spectrogram by MelGAN (Kumar et al. 2019).

    Args:
        mel: natural logarithms, ``[80, frames]``.

    Raises:
        DataMissing: the package with the network is not installed.
    """
    net = _weights("melgan.kuangdd.pt")
    padded = np.pad(mel, ((0, 0), (0, 10)), constant_values=_QUIET)
    x = conv(np.pad((padded + 5) / 5, ((0, 0), (3, 3)), mode="reflect"), net, "generator.1")
    for layer, stride in ((3, 8), (6, 8), (9, 2), (12, 2)):
        x = transposed_conv(leaky(x, _SLOPE), net, f"generator.{layer}", stride)
        for block in range(3):
            inner = np.pad(leaky(x, _SLOPE), ((0, 0), (3**block, 3**block)), mode="reflect")
            inner = conv(inner, net, f"generator.{layer + 1}.blocks.{block}.2", 3**block)
            inner = conv(leaky(inner, _SLOPE), net, f"generator.{layer + 1}.blocks.{block}.4")
            x = conv(x, net, f"generator.{layer + 1}.shortcuts.{block}") + inner
    x = conv(np.pad(leaky(x, _SLOPE), ((0, 0), (3, 3)), mode="reflect"), net, "generator.16")
    return np.asarray(np.tanh(x[0, : -10 * _HOP]), np.float32)


def _symbols(text: str) -> list[int]:
    """Return the network's symbols of pinyin: initial, final and tone of each syllable."""
    spelling: list[str] = []
    for syllable in text.split():
        word = syllable.rstrip(_MARKS)
        spelling += [*_spelled(word[:-1]), word[-1], "-"]
        spelling += [symbol for mark in syllable[len(word) :] for symbol in (mark, "-")]
    return [_SYMBOLS.index(symbol) for symbol in [*spelling, "~", "_"]]


def _spelled(word: str) -> tuple[str, str]:
    """Split a syllable as in the training of the network: without a consonant it begins with a doubled vowel."""
    if word[0] in "aeo":
        return word[0] * 2, word
    if word[0] == "y":
        rest = word[1:]
        if rest[0] == "u":
            return "vv", "v" + rest[1:]
        return "ii", {"ou": "iu", "i": "i", "in": "in", "ing": "ing"}.get(rest, "i" + rest)
    if word[0] == "w":
        return "uu", {"u": "u", "ei": "ui", "en": "un"}.get(word[1:], "u" + word[1:])
    initial = word[:2] if word[1] == "h" else word[0]
    final = word[len(initial) :]
    if initial in "jqx" and final[0] == "u":
        final = "v" + final[1:]
    if final == "i":
        final = {"zh": "ix", "ch": "ix", "sh": "ix", "r": "iz", "z": "iy", "c": "iy", "s": "iy"}.get(initial, "i")
    return initial, final


def _mel(symbols: list[int], voice: str, random: np.random.Generator) -> Array:
    """Decode frame by frame until the gate signals the end of the text."""
    net = _weights("mellotron.kuangdd-mspk.pt")
    memory = _memory(net, symbols, voice)
    keys = memory @ net["decoder.attention_layer.memory_layer.linear_layer.weight"].T
    attention_state = decoder_state = (np.zeros(512, np.float32), np.zeros(512, np.float32))
    context, frame = np.zeros(memory.shape[1], np.float32), np.zeros(80, np.float32)
    weights = np.zeros((2, len(memory)), np.float32)  # of the last step, and the sum of all steps
    frames = []
    for _ in range(_MOST_FRAMES):
        for layer in range(2):  # without dropout, also at inference, the network misses the end
            frame = np.maximum(net[f"decoder.prenet.layers.{layer}.linear_layer.weight"] @ frame, 0)
            frame = frame * (random.random(len(frame)) < 0.5).astype(np.float32) * 2  # noqa: PLR2004
        attention_state = _lstm(net, "decoder.attention_rnn", np.concatenate([frame, context]), attention_state)
        weights[0] = _attention(net, attention_state[0], keys, weights)
        weights[1] += weights[0]
        context = weights[0] @ memory
        decoder_input = np.concatenate([attention_state[0], context])
        decoder_state = _lstm(net, "decoder.decoder_rnn", decoder_input, decoder_state)
        output = np.concatenate([decoder_state[0], context])
        frame = _linear(net, "decoder.linear_projection.linear_layer", output)
        frames.append(frame)
        if _sigmoid(_linear(net, "decoder.gate_layer.linear_layer", output)[0]) > _END:
            break
    mel = np.stack(frames, axis=1)
    return np.asarray(mel + _post(net, mel), np.float32)


def _memory(net: Weights, symbols: list[int], voice: str) -> Array:
    """Return the encoded symbols, each with the speaker appended: the digits of a hash of the name."""
    x = net["embedding.weight"][symbols].T
    for layer in range(3):
        x = np.maximum(_normed(x, net, f"encoder.convolutions.{layer}"), 0)
    outputs = []
    for suffix, order in (("", 1), ("_reverse", -1)):
        state, rows = (np.zeros(128, np.float32), np.zeros(128, np.float32)), []
        for column in x.T[::order]:
            state = _lstm(net, "encoder.lstm", column, state, f"_l0{suffix}")
            rows.append(state[0])
        outputs.append(np.stack(rows[::order]))
    digits = hashlib.md5(voice.encode(), usedforsecurity=False).hexdigest()
    numbers = (np.array([int(digit, 16) for digit in digits]) - 7) / 10
    speaker = _linear(net, "speaker_embedding", numbers.astype(np.float32))
    return np.hstack([*outputs, np.tile(speaker, (len(symbols), 1))])


def _attention(net: Weights, hidden: Array, keys: Array, weights: Array) -> Array:
    name = "decoder.attention_layer"
    kernel = net[f"{name}.location_layer.location_conv.conv.weight"]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(weights, ((0, 0), (15, 15))), 31, axis=1)
    located = np.einsum("itk,oik->to", windows, kernel, optimize=True)
    located = located @ net[f"{name}.location_layer.location_dense.linear_layer.weight"].T
    query = net[f"{name}.query_layer.linear_layer.weight"] @ hidden
    energies = np.tanh(query + located + keys) @ net[f"{name}.v.linear_layer.weight"][0]
    exponents = np.exp(energies - energies.max())
    return np.asarray(exponents / exponents.sum(), np.float32)


def _post(net: Weights, mel: Array) -> Array:
    x = mel
    for layer in range(5):
        x = _normed(x, net, f"postnet.convolutions.{layer}")
        x = np.tanh(x) if layer < 4 else x  # noqa: PLR2004
    return x


def _normed(x: Array, net: Weights, name: str) -> Array:
    """Apply a convolution of five taps with zero padding, then batch normalisation."""
    x = conv(np.pad(x, ((0, 0), (2, 2))), net, f"{name}.0.conv")
    scale = net[f"{name}.1.weight"] / np.sqrt(net[f"{name}.1.running_var"] + 1e-5)
    shift = net[f"{name}.1.bias"] - net[f"{name}.1.running_mean"] * scale
    return np.asarray(x * scale[:, None] + shift[:, None], np.float32)


def _linear(net: Weights, name: str, x: Array) -> Array:
    return np.asarray(net[f"{name}.weight"] @ x + net[f"{name}.bias"], np.float32)


def _lstm(net: Weights, name: str, x: Array, state: _State, end: str = "") -> _State:
    """Return the next hidden and cell state."""
    hidden, cell = state
    gates = net[f"{name}.weight_ih{end}"] @ x + net[f"{name}.weight_hh{end}"] @ hidden
    gates = gates + net[f"{name}.bias_ih{end}"] + net[f"{name}.bias_hh{end}"]
    enter, forget, new, leave = np.split(gates, 4)
    cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
    return np.asarray(_sigmoid(leave) * np.tanh(cell), np.float32), np.asarray(cell, np.float32)


def _sigmoid(x: Array) -> Array:
    return np.asarray((1 + np.tanh(x / 2)) / 2, np.float32)


@cache
def _weights(file: str) -> Weights:
    package = importlib.util.find_spec("ttskit")  # not imported: that needs PyTorch
    if package is None or package.origin is None:
        raise DataMissing("ttskit is not installed; `make eval` installs it (dependency group voices)")
    return read(Path(package.origin).parent / "resource" / "model" / file)
