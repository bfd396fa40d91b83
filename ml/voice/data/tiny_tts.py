"""TinyTTS, a small VITS 2 with one English voice at 44.1 kHz, run by numpy; only its source archive has the weights."""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from ml.common.packages import DataMissing, pypi
from ml.voice.data.layers import Array, Weights, conv, leaky, read, same_conv, transposed_conv
from ml.voice.data.sound import Sound, rng

RATE: Final = 44_100
_SOURCE: Final = "tiny_tts-0.2.0.tar.gz"
_SHA256: Final = "3f63c036fd6c4e8f49b49ed34199f21843c1d7d4054c5c98e3a3cd0697cf823f"
_CHECKPOINT: Final = "tiny_tts-0.2.0/checkpoints/G.pth"

_NOISE: Final = 0.667  # the package's scale of the noise that is added to the latent mean
_ENGLISH: Final = 2  # of its languages
_TONES: Final = 7  # offset of the English stresses: those of Chinese and Japanese come first
_HEADS: Final = 2
_REACH: Final = 4  # of relative positions
_LAYERS: Final = 3
_SPEAKER_LAYER: Final = 2
_SLOPE: Final = 0.1
_WINDOW: Final = 2048
_HOP: Final = 512
_WAVENET_LAYERS: Final = 16

# hibari's phonemes, each with the network's number of the corresponding one of the CMU dictionary.
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
        DataMissing: a package is not installed, or the weights cannot be downloaded.
    """
    net, random = _weights(), rng("tiny-tts", text, voice, language)
    symbols, tones = _symbols(text)
    x = net["enc_p.emb.weight"][symbols] + net["enc_p.tone_emb.weight"][tones]
    languages = np.where(np.arange(len(symbols)) % 2, _ENGLISH, 0)  # every other symbol is a blank
    x = x + net["enc_p.language_emb.weight"][languages] + net["enc_p.bert_proj.bias"] + net["enc_p.ja_bert_proj.bias"]
    x = _transformer(np.asarray(x.T * np.sqrt(x.shape[1]), np.float32), net, "enc_p.encoder")
    mean, spread = np.split(conv(x, net, "enc_p.proj"), 2)
    frames = np.ceil(np.exp(_durations(x, net))).astype(int)
    mean, spread = np.repeat(mean, frames, axis=1), np.repeat(spread, frames, axis=1)
    latent = mean + random.standard_normal(mean.shape) * np.exp(spread) * _NOISE
    return _wave(_inverse_flow(latent.astype(np.float32), net), net), RATE


def converted(sound: Sound) -> Sound:
    """Encode a recording at 44.1 kHz with the posterior encoder of the training, and decode it in the network's voice.

    Raises:
        DataMissing: the weights cannot be downloaded.
    """
    net = _weights()
    padded = np.pad(sound, (_WINDOW - _HOP) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * np.hanning(_WINDOW + 1)[:-1]
    spectrum = np.sqrt(np.abs(np.fft.rfft(frames, axis=1)) ** 2 + 1e-6).T.astype(np.float32)
    return _wave(_posterior(spectrum, net), net)


def _posterior(spectrum: Array, net: Weights) -> Array:
    """Return the mean latent of a spectrum, from a WaveNet without dilation."""
    x = conv(spectrum, net, "enc_q.pre")
    width = len(x)
    speaker = np.split(_speaker(net, "enc_q.enc.cond_layer"), _WAVENET_LAYERS)
    skipped = np.zeros_like(x)
    for layer in range(_WAVENET_LAYERS):
        content, gate = np.split(same_conv(x, net, f"enc_q.enc.in_layers.{layer}") + speaker[layer], 2)
        gated = np.asarray(np.tanh(content) * (1 + np.tanh(gate / 2)) / 2, np.float32)
        output = conv(gated, net, f"enc_q.enc.res_skip_layers.{layer}")
        if len(output) > width:
            x = x + output[:width]
        skipped = skipped + output[-width:]
    return np.asarray(np.split(conv(skipped, net, "enc_q.proj"), 2)[0])


def _symbols(text: str) -> tuple[list[int], list[int]]:
    """Return the network's symbols with a blank around each, and their stresses."""
    symbols, tones, stress = [0], [0], 1
    phonemes = _spelling()(text)
    for before, phoneme in zip(" " + phonemes, phonemes, strict=False):
        if phoneme in _STRESS:
            stress = _STRESS[phoneme]
        elif phoneme == "ɹ" and before in "əɜ":
            symbols[-1] = _ER
        elif phoneme in _NUMBERS:
            symbols.append(_NUMBERS[phoneme])
            tones.append(stress if phoneme in _VOWELS else 0)
            stress = 1 if phoneme in _VOWELS else stress
    spaced = np.zeros((2, 2 * len(symbols) + 3), int)
    spaced[0, 1:-2:2] = symbols
    spaced[1, 1::2] = np.array([*tones, 0]) + _TONES
    return spaced[0].tolist(), spaced[1].tolist()


def _transformer(x: Array, net: Weights, name: str) -> Array:
    for layer in range(_LAYERS):
        if layer == _SPEAKER_LAYER:
            speaker = net["emb_g.weight"][0]
            projected = net[f"{name}.spk_emb_linear.weight"] @ speaker + net[f"{name}.spk_emb_linear.bias"]
            x = np.asarray(x + projected[:, None], np.float32)
        x = _normed(x + _attention(x, net, f"{name}.attn_layers.{layer}"), net, f"{name}.norm_layers_1.{layer}")
        inner = np.maximum(same_conv(x, net, f"{name}.ffn_layers.{layer}.conv_1"), 0)
        inner = same_conv(inner, net, f"{name}.ffn_layers.{layer}.conv_2")
        x = _normed(x + inner, net, f"{name}.norm_layers_2.{layer}")
    return x


def _attention(x: Array, net: Weights, name: str) -> Array:
    """Apply self-attention with relative positions."""
    query, key, value = (conv(x, net, f"{name}.conv_{part}") for part in "qkv")
    length, width = x.shape[1], len(x) // _HEADS
    steps = np.arange(length)
    outputs = []
    for head in range(_HEADS):
        rows_of_head = slice(head * width, (head + 1) * width)
        scaled = query[rows_of_head].T / np.sqrt(width)
        scores = scaled @ key[rows_of_head]
        near = scaled @ net[f"{name}.emb_rel_k"][0].T
        for offset in range(-_REACH, _REACH + 1):
            rows = steps[max(0, -offset) : length - max(0, offset)]
            scores[rows, rows + offset] += near[rows, offset + _REACH]
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights = exponents / exponents.sum(axis=1, keepdims=True)
        output = weights @ value[rows_of_head].T
        for offset in range(-_REACH, _REACH + 1):
            rows = steps[max(0, -offset) : length - max(0, offset)]
            output[rows] += weights[rows, rows + offset][:, None] * net[f"{name}.emb_rel_v"][0][offset + _REACH]
        outputs.append(output.T)
    return conv(np.vstack(outputs).astype(np.float32), net, f"{name}.conv_o")


def _normed(x: Array, net: Weights, name: str) -> Array:
    scaled = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    return np.asarray(scaled * net[f"{name}.gamma"][:, None] + net[f"{name}.beta"][:, None], np.float32)


def _durations(x: Array, net: Weights) -> Array:
    """Return the logarithm of the number of frames of each symbol."""
    x = x + _speaker(net, "dp.cond")
    for layer in ("1", "2"):
        x = _normed(np.maximum(same_conv(x, net, f"dp.conv_{layer}"), 0), net, f"dp.norm_{layer}")
    return np.asarray(conv(x, net, "dp.proj")[0])


def _speaker(net: Weights, name: str) -> Array:
    return conv(net["emb_g.weight"][0][:, None], net, name)


def _inverse_flow(x: Array, net: Weights) -> Array:
    """Invert the flow: from the latent of the text to the latent of the decoder."""
    for flow in (6, 4, 2, 0):
        first, second = np.split(x[::-1], 2)
        inner = _transformer(conv(first, net, f"flow.flows.{flow}.pre"), net, f"flow.flows.{flow}.enc")
        x = np.vstack([first, second - conv(inner, net, f"flow.flows.{flow}.post")])
    return x


def _wave(x: Array, net: Weights) -> Sound:
    """Return the sound of a latent; the decoder is a HiFi-GAN."""
    x = same_conv(x, net, "dec.conv_pre") + _speaker(net, "dec.cond")
    for level, stride in enumerate((8, 8, 2, 2, 2)):
        x = transposed_conv(leaky(x, _SLOPE), net, f"dec.ups.{level}", stride)
        x = np.asarray(sum(_residual(x, net, f"dec.resblocks.{3 * level + block}") for block in range(3)) / 3)
    return np.asarray(np.tanh(same_conv(leaky(x, 0.01), net, "dec.conv_post")[0]), np.float32)


def _residual(x: Array, net: Weights, name: str) -> Array:
    for layer, dilation in enumerate((1, 3, 5)):
        inner = same_conv(leaky(x, _SLOPE), net, f"{name}.convs1.{layer}", dilation)
        x = x + same_conv(leaky(inner, _SLOPE), net, f"{name}.convs2.{layer}")
    return x


@cache
def _spelling() -> Callable[[str], str]:
    try:
        spell: Callable[[str], str] = importlib.import_module("hibari.g2p").G2P(british=False)
    except ImportError as error:
        raise DataMissing("hibari-tts is not installed; `make eval` installs it (dependency group voices)") from error
    return spell


@cache
def _weights() -> Weights:
    with tarfile.open(pypi(_SOURCE, _SHA256)) as archive:
        file = archive.extractfile(_CHECKPOINT)
        if file is None:
            raise DataMissing(f"{_SOURCE} has no {_CHECKPOINT}")
        return read(io.BytesIO(file.read()))
