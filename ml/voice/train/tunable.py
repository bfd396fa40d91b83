"""AASIST as a network that can learn: the same numbers as :mod:`guardian_models.aasist` takes, in PyTorch.

Batch norms keep the statistics with which the weights were published, so that what is learned can be built as the
published weights are. Convolutions may run in bfloat16, for which processors have instructions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as f

from guardian_models.aasist import front_end
from guardian_models.weights import Array

type Tensor = Any
"""PyTorch is not installed where types are checked."""

_CHANNELS: Final = (1, 32, 32, 64, 64, 64, 64)
_POOL: Final = 3
_KEPT_BANDS, _KEPT_TIMES, _KEPT_LATER = 0.5, 0.7, 0.5
_TEMPERATURE, _HETEROGENEOUS_TEMPERATURE = 2.0, 100.0
_EPSILON: Final = 1e-5
_FIXED: Final = ("running_", "num_batches", ".bn1.")
"""Parts of names: statistics, and norms that are published but not used."""


class Network:
    """AASIST's numbers, and what they make of sound.

    Args:
        arrays: by their published names.
        number: PyTorch's type of the numbers that the convolutions take.
    """

    def __init__(self, arrays: Mapping[str, Array], number: Tensor = torch.float32) -> None:
        self._given = dict(arrays)
        self._number = number
        self.learned: dict[str, Tensor] = {
            name: torch.tensor(np.asarray(array, np.float32)).requires_grad_()
            for name, array in arrays.items()
            if not any(part in name for part in _FIXED)
        }
        self._filters = torch.tensor(front_end.filters())[:, None, :]

    def arrays(self) -> dict[str, Array]:
        """Return all numbers by their published names."""
        return self._given | {name: tensor.detach().numpy() for name, tensor in self.learned.items()}

    def logits(self, samples: Tensor, dropout: float = 0.0) -> Tensor:
        """Return the logits of "spoof" and "bona-fide", ``[clips, 2]``.

        Args:
            samples: ``[clips, samples]`` at 16 kHz, -1 to 1.
            dropout: share of the embedding that is left out.
        """
        image = self._encoded(samples).float().abs()
        bands = image.amax(3).transpose(1, 2) + self.learned["pos_S"]
        times = image.amax(2).transpose(1, 2)
        bands = self._pool("pool_S", self._attend("GAT_layer_S", bands), _KEPT_BANDS)
        times = self._pool("pool_T", self._attend("GAT_layer_T", times), _KEPT_TIMES)
        branches = [self._branch(number, bands, times) for number in (1, 2)]
        time, band, stack = (torch.maximum(*pair) for pair in zip(*branches, strict=True))
        parts = [time.abs().amax(1), time.mean(1), band.abs().amax(1), band.mean(1), stack[:, 0]]
        return self._linear("out_layer", f.dropout(torch.cat(parts, 1), dropout, dropout > 0))

    def _encoded(self, samples: Tensor) -> Tensor:
        with torch.no_grad():
            loudness = f.conv1d(samples[:, None], self._filters).abs()[:, None]
            pooled = f.max_pool2d(loudness, front_end.POOL)
        scale, shift = self._norm("first_bn")
        x = f.selu(pooled * scale + shift).to(self._number)
        # With a second, empty channel PyTorch keeps channels last, which saves copies.
        x = _channels_last(torch.cat([x, torch.zeros_like(x)], 1))
        for block in range(len(_CHANNELS) - 1):
            x = self._block(f"encoder.{block}.0", x, _CHANNELS[block], _CHANNELS[block + 1])
        return x

    def _block(self, name: str, x: Tensor, inside: int, outside: int) -> Tensor:
        scale, shift = self._norm(f"{name}.bn2")
        weight = self._kernel(f"{name}.conv1", inside, scale)
        bias = self.learned[f"{name}.conv1.bias"] * scale + shift
        hidden = f.selu(f.conv2d(x, weight, bias.to(self._number), padding=(1, 1)))
        y = f.conv2d(hidden, self._kernel(f"{name}.conv2", outside), self._bias(f"{name}.conv2"), padding=(0, 1))
        if inside != outside:
            shortcut = f"{name}.conv_downsample"
            x = f.conv2d(x, self._kernel(shortcut, inside), self._bias(shortcut), padding=(0, 1))
        return f.max_pool2d(y + x, (1, _POOL))

    def _kernel(self, name: str, inside: int, scale: Tensor = None) -> Tensor:
        weight = self.learned[f"{name}.weight"]
        if scale is not None:
            weight = weight * scale[:, None, None, None]
        if inside == 1:
            weight = f.pad(weight, (0, 0, 0, 0, 0, 1))
        return _channels_last(weight.to(self._number))

    def _bias(self, name: str) -> Tensor:
        return self.learned[f"{name}.bias"].to(self._number)

    def _branch(self, number: int, bands: Tensor, times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        stack = self.learned[f"master{number}"].expand(bands.shape[0], -1, -1)
        times, bands, stack = self._attend_both(f"HtrgGAT_layer_ST{number}1", times, bands, stack)
        bands = self._pool(f"pool_hS{number}", bands, _KEPT_LATER)
        times = self._pool(f"pool_hT{number}", times, _KEPT_LATER)
        more_times, more_bands, more_stack = self._attend_both(f"HtrgGAT_layer_ST{number}2", times, bands, stack)
        return times + more_times, bands + more_bands, stack + more_stack

    def _attend(self, name: str, nodes: Tensor) -> Tensor:
        scores = (self._pairs(name, nodes) @ self.learned[f"{name}.att_weight"])[..., 0] / _TEMPERATURE
        return self._join(name, torch.softmax(scores, -1) @ nodes, nodes)

    def _attend_both(self, name: str, first: Tensor, second: Tensor, stack: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        count = first.shape[1]
        nodes = torch.cat([self._linear(f"{name}.proj_type1", first), self._linear(f"{name}.proj_type2", second)], 1)
        pairs = self._pairs(name, nodes)
        within1, within2, across = (self.learned[f"{name}.att_weight{kinds}"][:, 0] for kinds in ("11", "22", "12"))
        upper = torch.cat([pairs[:, :count, :count] @ within1, pairs[:, :count, count:] @ across], 2)
        lower = torch.cat([pairs[:, count:, :count] @ across, pairs[:, count:, count:] @ within2], 2)
        scores = torch.cat([upper, lower], 1) / _HETEROGENEOUS_TEMPERATURE
        joined = self._join(name, torch.softmax(scores, -1) @ nodes, nodes)
        told = torch.tanh(self._linear(f"{name}.att_projM", nodes * stack)) @ self.learned[f"{name}.att_weightM"]
        attended = torch.softmax(told / _HETEROGENEOUS_TEMPERATURE, 1).transpose(1, 2) @ nodes
        stack = self._linear(f"{name}.proj_with_attM", attended) + self._linear(f"{name}.proj_without_attM", stack)
        return joined[:, :count], joined[:, count:], stack

    def _pairs(self, name: str, nodes: Tensor) -> Tensor:
        return torch.tanh(self._linear(f"{name}.att_proj", nodes[:, :, None] * nodes[:, None]))

    def _join(self, name: str, attended: Tensor, nodes: Tensor) -> Tensor:
        scale, shift = self._norm(f"{name}.bn")
        both = self._linear(f"{name}.proj_with_att", attended) + self._linear(f"{name}.proj_without_att", nodes)
        return f.selu(both * scale + shift)

    def _pool(self, name: str, nodes: Tensor, share: float) -> Tensor:
        logits = self._linear(f"{name}.proj", nodes)
        kept = torch.topk(logits[..., 0], max(1, int(nodes.shape[1] * share)), 1)[1]
        gated = nodes * torch.sigmoid(logits)
        return torch.gather(gated, 1, kept[..., None].expand(-1, -1, nodes.shape[2]))

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return f.linear(x, self.learned[f"{name}.weight"], self.learned[f"{name}.bias"])

    def _norm(self, name: str) -> tuple[Tensor, Tensor]:
        mean, variance = (torch.tensor(self._given[f"{name}.running_{part}"]) for part in ("mean", "var"))
        scale = self.learned[f"{name}.weight"] / torch.sqrt(variance + _EPSILON)
        return scale, self.learned[f"{name}.bias"] - mean * scale


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
