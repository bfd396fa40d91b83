"""AASIST once more, in plain numpy and float64, straight from the paper: what the graph is compared with.

Nothing is folded, cut into tiles or left out here, and nothing is taken from the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

type Float = npt.NDArray[np.float64]
type Single = npt.NDArray[np.float32]
type Arrays = Mapping[str, Single]

CHANNELS = (1, 32, 32, 64, 64, 64, 64)


def random_arrays(seed: int) -> dict[str, Single]:
    """Weights that keep the signal's size through the layers, with attention far from uniform."""
    random = _Random(seed)
    random.norm("first_bn", 1)
    for block, (inside, outside) in enumerate(pairwise(CHANNELS)):
        name = f"encoder.{block}.0"
        random.layer(f"{name}.conv1", outside, inside, 2, 3)
        random.layer(f"{name}.conv2", outside, outside, 2, 3, scale=0.5)
        random.norm(f"{name}.bn2", outside)
        if inside != outside:
            random.layer(f"{name}.conv_downsample", outside, inside, 1, 3, scale=0.3)
    random.normal("pos_S", 1, 23, 64, scale=0.5)
    for kind in "ST":
        random.attention(f"GAT_layer_{kind}", {"": 0.4}, 64, 64)
        random.layer(f"pool_{kind}.proj", 1, 64)
    for branch in (1, 2):
        random.normal(f"master{branch}", 1, 1, 64, scale=1)
        for number, size in ((1, 64), (2, 32)):
            random.heterogeneous(f"HtrgGAT_layer_ST{branch}{number}", size)
        for kind in "ST":
            random.layer(f"pool_h{kind}{branch}.proj", 1, 32)
    random.layer("out_layer", 2, 160)
    random.arrays["first_bn.weight"] *= np.float32(10)
    return random.arrays


class _Random:
    def __init__(self, seed: int) -> None:
        self._numbers = np.random.default_rng(seed)
        self.arrays: dict[str, Single] = {}

    def normal(self, name: str, *shape: int, scale: float) -> None:
        self.arrays[name] = (scale * self._numbers.standard_normal(shape)).astype(np.float32)

    def layer(self, name: str, *shape: int, scale: float = 1.0) -> None:
        self.normal(f"{name}.weight", *shape, scale=scale / np.sqrt(np.prod(shape[1:])))
        self.normal(f"{name}.bias", shape[0], scale=0.1)

    def norm(self, name: str, size: int) -> None:
        for part in ("weight", "running_var"):
            self.arrays[f"{name}.{part}"] = self._numbers.uniform(0.5, 2, size).astype(np.float32)
        for part in ("bias", "running_mean"):
            self.normal(f"{name}.{part}", size, scale=0.3)

    def attention(self, name: str, kinds: Mapping[str, float], inside: int, outside: int) -> None:
        for kind, scale in kinds.items():
            self.normal(f"{name}.att_weight{kind}", outside, 1, scale=scale)
        for part in ("att_proj", "proj_with_att", "proj_without_att"):
            self.layer(f"{name}.{part}", outside, inside)
        self.norm(f"{name}.bn", outside)

    def heterogeneous(self, name: str, size: int) -> None:
        self.attention(name, {"11": 20, "22": 20, "12": 20, "M": 20}, size, 32)
        for part in ("proj_type1", "proj_type2"):
            self.layer(f"{name}.{part}", size, size)
        for part in ("att_projM", "proj_with_attM", "proj_without_attM"):
            self.layer(f"{name}.{part}", 32, size)


def run(arrays: Arrays, sound: Single) -> tuple[Float, Float]:
    """Logits ``[2]`` and embedding ``[160]`` of one sound ``[n]``."""
    weights = {name: array.astype(np.float64) for name, array in arrays.items()}
    x = _selu(_norm(weights, "first_bn", _front_end(sound.astype(np.float64))[None], axis=0))
    for block in range(6):
        x = _block(weights, f"encoder.{block}.0", x)
    x = np.abs(x)
    bands = x.max(axis=2).T + weights["pos_S"][0]
    times = x.max(axis=1).T
    bands = _pool(weights, "pool_S", _attend(weights, "GAT_layer_S", bands), 0.5)
    times = _pool(weights, "pool_T", _attend(weights, "GAT_layer_T", times), 0.7)
    branches = [_branch(weights, number, bands, times) for number in (1, 2)]
    time, band, stack = (np.maximum(*pair) for pair in zip(*branches, strict=True))
    parts = [np.abs(time).max(0), time.mean(0), np.abs(band).max(0), band.mean(0), stack]
    embedding = np.concatenate(parts)
    return _linear(weights, "out_layer", embedding), embedding


def _front_end(sound: Float) -> Float:
    """Mel-spaced band-pass filters, rectified, the largest of three bands and three samples."""
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 71)
    edges = 700 * (10 ** (mel / 2595) - 1)
    n = np.arange(-64, 65)
    low_pass = [2 * edge / 16000 * np.sinc(2 * edge * n / 16000) for edge in edges]
    filters = [np.hamming(129) * (above - below) for below, above in pairwise(low_pass)]
    bands = np.abs([np.convolve(sound, filter_, mode="valid") for filter_ in filters])
    width = bands.shape[1] // 3
    return np.asarray(bands[:69, : 3 * width].reshape(23, 3, width, 3).max(axis=(1, 3)))


def _block(weights: Mapping[str, Float], name: str, x: Float) -> Float:
    y = _conv(weights, f"{name}.conv1", x, rows=1)
    y = _selu(_norm(weights, f"{name}.bn2", y, axis=0))
    y = _conv(weights, f"{name}.conv2", y, rows=0)
    y += _conv(weights, f"{name}.conv_downsample", x, rows=0) if f"{name}.conv_downsample.weight" in weights else x
    width = y.shape[2] // 3
    return np.asarray(y[:, :, : 3 * width].reshape(*y.shape[:2], width, 3).max(axis=3))


def _conv(weights: Mapping[str, Float], name: str, x: Float, rows: int) -> Float:
    kernel = weights[f"{name}.weight"]
    padded = np.pad(x, ((0, 0), (rows, rows), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))
    return np.asarray(np.tensordot(kernel, windows, ((1, 2, 3), (0, 3, 4))) + weights[f"{name}.bias"][:, None, None])


def _norm(weights: Mapping[str, Float], name: str, x: Float, axis: int) -> Float:
    shape = [-1 if index == axis else 1 for index in range(x.ndim)]
    mean, variance, scale, shift = (
        weights[f"{name}.{part}"].reshape(shape) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return np.asarray((x - mean) / np.sqrt(variance + 1e-5) * scale + shift)


def _selu(x: Float) -> Float:
    return np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))) * 1.0507009873554805


def _linear(weights: Mapping[str, Float], name: str, x: Float) -> Float:
    return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])


def _softmax(scores: Float) -> Float:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _pool(weights: Mapping[str, Float], name: str, nodes: Float, share: float) -> Float:
    gates = 1 / (1 + np.exp(-_linear(weights, f"{name}.proj", nodes)))
    kept = np.argsort(-gates[:, 0], kind="stable")[: max(1, int(len(nodes) * share))]
    return np.asarray((nodes * gates)[kept])


def _attend(weights: Mapping[str, Float], name: str, nodes: Float) -> Float:
    pairs = np.tanh(_linear(weights, f"{name}.att_proj", nodes[:, None] * nodes[None]))
    attention = _softmax((pairs @ weights[f"{name}.att_weight"])[..., 0] / 2)
    return _join(weights, name, attention @ nodes, nodes)


def _join(weights: Mapping[str, Float], name: str, attended: Float, nodes: Float) -> Float:
    both = _linear(weights, f"{name}.proj_with_att", attended) + _linear(weights, f"{name}.proj_without_att", nodes)
    return _selu(_norm(weights, f"{name}.bn", both, axis=1))


def _attend_both(
    weights: Mapping[str, Float], name: str, times: Float, bands: Float, stack: Float
) -> tuple[Float, Float, Float]:
    one, two = _linear(weights, f"{name}.proj_type1", times), _linear(weights, f"{name}.proj_type2", bands)
    nodes, split = np.concatenate([one, two]), len(one)
    scores = np.empty((len(nodes), len(nodes)))
    for row, a in enumerate(nodes):
        for column, b in enumerate(nodes):
            kinds = "11" if max(row, column) < split else "22" if min(row, column) >= split else "12"
            pair = np.tanh(_linear(weights, f"{name}.att_proj", a * b))
            scores[row, column] = (pair @ weights[f"{name}.att_weight{kinds}"])[0] / 100
    to_stack = np.tanh(_linear(weights, f"{name}.att_projM", nodes * stack)) @ weights[f"{name}.att_weightM"] / 100
    attended = _softmax(to_stack[:, 0]) @ nodes
    new_stack = _linear(weights, f"{name}.proj_with_attM", attended)
    new_stack = new_stack + _linear(weights, f"{name}.proj_without_attM", stack)
    joined = _join(weights, name, _softmax(scores) @ nodes, nodes)
    return joined[:split], joined[split:], new_stack


def _branch(weights: Mapping[str, Float], number: int, bands: Float, times: Float) -> tuple[Float, Float, Float]:
    layer = f"HtrgGAT_layer_ST{number}"
    times, bands, stack = _attend_both(weights, f"{layer}1", times, bands, weights[f"master{number}"][0, 0])
    bands, times = _pool(weights, f"pool_hS{number}", bands, 0.5), _pool(weights, f"pool_hT{number}", times, 0.5)
    more_times, more_bands, more_stack = _attend_both(weights, f"{layer}2", times, bands, stack)
    return times + more_times, bands + more_bands, stack + more_stack
