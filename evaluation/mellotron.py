"""Mellotron (a Tacotron 2 of many speakers) and MelGAN, the networks of the package ttskit, run by numpy alone.

The package keeps them as PyTorch's pickles; what is read of those is arrays, and nothing in them is ever called.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import pickle
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluation.packages import DataMissing
from evaluation.sound import Sound, rng

RATE: Final = 22_050
_NAMES: Final = (
    "Aibao Aicheng Aida Aijia Aijing Aimei Aina Aiqi Aitong Aiwei Aixia Aiya Aiyu Aiyue Siyue Xiaobei Xiaoxue Xiaoyun "
    "biaobei"
)
VOICES: Final = dict.fromkeys(_NAMES.split(), ("zh",))
"""Names that the package lists, without those with which the network does not find the end of a text.

It takes a hash of the name, and knows a speaker by that.
"""

_QUIET: Final = -11.5129  # log of 1e-5: the least that a mel spectrogram of this kind holds
_HOP: Final = 256
_MOST_FRAMES: Final = 800
_END: Final = 0.8  # of the gate
_SLOPE: Final = 0.2  # of leaky units

# The network's signs, in the order of its embedding: pad, end, chain, initials, finals, tones, letters, punctuation.
_INITIALS: Final = "aa b c ch d ee f g h ii j k l m n oo p q r s sh t uu vv x z zh"
_FINALS: Final = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu ix iy iz o ong ou u ua uai uan uang ueng ui un "
    "uo v van ve vn ng uong"
)
_LETTERS: Final = 52
_MARKS: Final = "!?.,;:"
_SIGNS: Final = ["_", "~", "-", *_INITIALS.split(), *_FINALS.split(), *"12345", *[""] * _LETTERS, *_MARKS]

_Array = npt.NDArray[np.float32]
_Weights = dict[str, _Array]
_State = tuple[_Array, _Array]


def speak(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with Mellotron and MelGAN. ``text`` is pinyin, a tone's number behind each syllable."""
    del language
    return wave(_mel(_signs(text), voice, rng("mellotron", text, voice))), RATE


def wave(mel: _Array) -> Sound:
    """Make sound of a mel spectrogram with MelGAN (Kumar et al. 2019).

    Args:
        mel: natural logarithms, ``[80, frames]``.

    Raises:
        DataMissing: the package with the network is not installed.
    """
    net = _weights("melgan.kuangdd.pt")
    padded = np.pad(mel, ((0, 0), (0, 10)), constant_values=_QUIET)
    x = _conv(np.pad((padded + 5) / 5, ((0, 0), (3, 3)), mode="reflect"), net, "generator.1")
    for layer, stride in ((3, 8), (6, 8), (9, 2), (12, 2)):
        x = _upsampled(_leaky(x), net, f"generator.{layer}", stride)
        for block in range(3):
            inner = np.pad(_leaky(x), ((0, 0), (3**block, 3**block)), mode="reflect")
            inner = _conv(inner, net, f"generator.{layer + 1}.blocks.{block}.2", 3**block)
            inner = _conv(_leaky(inner), net, f"generator.{layer + 1}.blocks.{block}.4")
            x = _conv(x, net, f"generator.{layer + 1}.shortcuts.{block}") + inner
    x = _conv(np.pad(_leaky(x), ((0, 0), (3, 3)), mode="reflect"), net, "generator.16")
    return np.asarray(np.tanh(x[0, : -10 * _HOP]), np.float32)


def _leaky(x: _Array) -> _Array:
    return np.asarray(np.maximum(x, x * np.float32(_SLOPE)))


def _conv(x: _Array, net: _Weights, name: str, dilation: int = 1) -> _Array:
    weight = net[f"{name}.weight"]
    length = x.shape[1] - dilation * (weight.shape[2] - 1)
    taps = (weight[:, :, k] @ x[:, k * dilation : k * dilation + length] for k in range(weight.shape[2]))
    return np.asarray(sum(taps) + net[f"{name}.bias"][:, None], np.float32)


def _upsampled(x: _Array, net: _Weights, name: str, stride: int) -> _Array:
    """Transposed convolution whose kernel is two strides long, half a stride cut off at both ends."""
    weight = net[f"{name}.weight"]
    made = np.zeros((weight.shape[1], x.shape[1] + 1, stride), np.float32)
    for k in range(2 * stride):
        made[:, k // stride : k // stride + x.shape[1], k % stride] += weight[:, :, k].T @ x
    flat = made.reshape(len(made), -1)[:, stride // 2 : -(stride // 2)]
    return np.asarray(flat + net[f"{name}.bias"][:, None], np.float32)


def _signs(text: str) -> list[int]:
    """Give the network's signs of pinyin: initial, final and tone of each syllable."""
    found: list[str] = []
    for syllable in text.split():
        word = syllable.rstrip(_MARKS)
        found += [*_spelled(word[:-1]), word[-1], "-"]
        found += [each for mark in syllable[len(word) :] for each in (mark, "-")]
    return [_SIGNS.index(sign) for sign in [*found, "~", "_"]]


def _spelled(word: str) -> tuple[str, str]:
    """Split a syllable as the network has learned it: one without a consonant begins with a doubled vowel."""
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


def _mel(signs: list[int], voice: str, random: np.random.Generator) -> _Array:
    """Decode frame by frame until the gate says that the text is at its end."""
    net = _weights("mellotron.kuangdd-mspk.pt")
    memory = _memory(net, signs, voice)
    keys = memory @ net["decoder.attention_layer.memory_layer.linear_layer.weight"].T
    listener = speaker = (np.zeros(512, np.float32), np.zeros(512, np.float32))
    context, frame = np.zeros(memory.shape[1], np.float32), np.zeros(80, np.float32)
    weights = np.zeros((2, len(memory)), np.float32)  # of the last step, and the sum of all steps
    frames = []
    for _ in range(_MOST_FRAMES):
        for layer in range(2):  # its dropout works while it speaks, too: without it, it does not find the end
            frame = np.maximum(net[f"decoder.prenet.layers.{layer}.linear_layer.weight"] @ frame, 0)
            frame = frame * (random.random(len(frame)) < 0.5).astype(np.float32) * 2  # noqa: PLR2004
        listener = _lstm(net, "decoder.attention_rnn", np.concatenate([frame, context]), listener)
        weights[0] = _attention(net, listener[0], keys, weights)
        weights[1] += weights[0]
        context = weights[0] @ memory
        speaker = _lstm(net, "decoder.decoder_rnn", np.concatenate([listener[0], context]), speaker)
        seen = np.concatenate([speaker[0], context])
        frame = _linear(net, "decoder.linear_projection.linear_layer", seen)
        frames.append(frame)
        if _sigmoid(_linear(net, "decoder.gate_layer.linear_layer", seen)[0]) > _END:
            break
    mel = np.stack(frames, axis=1)
    return np.asarray(mel + _post(net, mel), np.float32)


def _memory(net: _Weights, signs: list[int], voice: str) -> _Array:
    """Encode the signs, and set the speaker beside each: the digits of a hash of the name."""
    x = net["embedding.weight"][signs].T
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
    numbers = (np.array([int(one, 16) for one in digits]) - 7) / 10
    speaker = _linear(net, "speaker_embedding", numbers.astype(np.float32))
    return np.hstack([*outputs, np.tile(speaker, (len(signs), 1))])


def _attention(net: _Weights, hidden: _Array, keys: _Array, weights: _Array) -> _Array:
    name = "decoder.attention_layer"
    kernel = net[f"{name}.location_layer.location_conv.conv.weight"]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(weights, ((0, 0), (15, 15))), 31, axis=1)
    located = np.einsum("itk,oik->to", windows, kernel, optimize=True)
    located = located @ net[f"{name}.location_layer.location_dense.linear_layer.weight"].T
    query = net[f"{name}.query_layer.linear_layer.weight"] @ hidden
    energies = np.tanh(query + located + keys) @ net[f"{name}.v.linear_layer.weight"][0]
    exponents = np.exp(energies - energies.max())
    return np.asarray(exponents / exponents.sum(), np.float32)


def _post(net: _Weights, mel: _Array) -> _Array:
    x = mel
    for layer in range(5):
        x = _normed(x, net, f"postnet.convolutions.{layer}")
        x = np.tanh(x) if layer < 4 else x  # noqa: PLR2004
    return x


def _normed(x: _Array, net: _Weights, name: str) -> _Array:
    """Convolution of five taps, as long as it was, and batch normalisation."""
    x = _conv(np.pad(x, ((0, 0), (2, 2))), net, f"{name}.0.conv")
    scale = net[f"{name}.1.weight"] / np.sqrt(net[f"{name}.1.running_var"] + 1e-5)
    shift = net[f"{name}.1.bias"] - net[f"{name}.1.running_mean"] * scale
    return np.asarray(x * scale[:, None] + shift[:, None], np.float32)


def _linear(net: _Weights, name: str, x: _Array) -> _Array:
    return np.asarray(net[f"{name}.weight"] @ x + net[f"{name}.bias"], np.float32)


def _lstm(net: _Weights, name: str, x: _Array, state: _State, end: str = "") -> _State:
    """Give the next state: what it says, and its cell."""
    hidden, cell = state
    gates = net[f"{name}.weight_ih{end}"] @ x + net[f"{name}.weight_hh{end}"] @ hidden
    gates = gates + net[f"{name}.bias_ih{end}"] + net[f"{name}.bias_hh{end}"]
    enter, forget, new, leave = np.split(gates, 4)
    cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
    return np.asarray(_sigmoid(leave) * np.tanh(cell), np.float32), np.asarray(cell, np.float32)


def _sigmoid(x: _Array) -> _Array:
    return np.asarray((1 + np.tanh(x / 2)) / 2, np.float32)


class _Module:
    """Stands for every class that the pickle names."""

    def __init__(self, *given: object) -> None:
        del given

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class _Reader(pickle.Unpickler):
    """Reads arrays and plain containers; whatever else a pickle names becomes an empty shell."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        super().__init__(io.BytesIO(archive.read(name)))
        self._archive, self._root = archive, name.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        plain = {
            "OrderedDict": dict,
            "set": set,
            "FloatStorage": "<f4",
            "LongStorage": "<i8",
            "_rebuild_tensor_v2": _tensor,
            "_rebuild_parameter": lambda array, *_: array,
        }
        return plain.get(name, _Module)

    def persistent_load(self, pid: tuple[str, str, str, str, int]) -> npt.NDArray[Any]:
        return np.frombuffer(self._archive.read(f"{self._root}data/{pid[2]}"), pid[1])


def _tensor(
    storage: npt.NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *rest: object
) -> npt.NDArray[Any]:
    del rest
    steps = [each * storage.itemsize for each in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()


@cache
def _weights(file: str) -> _Weights:
    """Read a network; a weight kept as length and direction is put together."""
    package = importlib.util.find_spec("ttskit")  # found, not imported: it wants PyTorch
    if package is None or package.origin is None:
        raise DataMissing("ttskit is not installed: `make eval` does (dependency group eval)")
    found: _Weights = {}
    with zipfile.ZipFile(Path(package.origin).parent / "resource" / "model" / file) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("data.pkl"))
        _gather(_Reader(archive, name).load(), "", found)
    for name in [each for each in found if each.endswith(".weight_v")]:
        direction, length = found.pop(name), found.pop(f"{name[:-1]}g")
        size = np.sqrt((direction**2).sum(axis=(1, 2), keepdims=True))
        found[name.removesuffix("_v")] = np.asarray(direction * (length / size), np.float32)
    return found


def _gather(module: _Module, prefix: str, found: _Weights) -> None:
    held = module.__dict__
    arrays = {**held.get("_parameters", {}), **held.get("_buffers", {})}
    found.update({f"{prefix}{name}": array for name, array in arrays.items() if array is not None})
    for name, inner in held.get("_modules", {}).items():
        _gather(inner, f"{prefix}{name}.", found)
