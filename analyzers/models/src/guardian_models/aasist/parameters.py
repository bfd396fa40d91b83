"""The network's trained numbers, by their published names, with batch norms folded into what is before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guardian_models.errors import WeightsRefused
from guardian_models.weights import Array

type Float = npt.NDArray[np.float64]
type Single = npt.NDArray[np.float32]

_BATCH_NORM_EPSILON = 1e-5
_SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Affine:
    """``weight · x + bias``; the first axis of ``weight`` is the output's."""

    weight: Float
    bias: Float

    def then(self, scale: Float, shift: Float) -> Affine:
        """Return this followed by ``scale · y + shift`` on each output."""
        column = scale.reshape(-1, *[1] * (self.weight.ndim - 1))
        return Affine(column * self.weight, scale * self.bias + shift)


class Parameters:
    """The arrays of the weights, with checked shapes."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def get(self, name: str, *shape: int) -> Float:
        """Return an array.

        Raises:
            WeightsRefused: it is missing, of another shape, or not finite.
        """
        if name not in self._arrays:
            raise WeightsRefused(f"the weights lack {name}")
        array = self._arrays[name].astype(np.float64)
        if array.shape != shape:
            raise WeightsRefused(f"{name} has shape {array.shape}, the network needs {shape}")
        if not np.isfinite(array).all():
            raise WeightsRefused(f"{name} holds values that are not finite")
        return array

    def affine(self, name: str, *shape: int) -> Affine:
        """Return a convolution or a linear layer whose weight has that shape."""
        return Affine(self.get(f"{name}.weight", *shape), self.get(f"{name}.bias", shape[0]))

    def batch_norm(self, name: str, size: int) -> tuple[Float, Float]:
        """Return what a batch norm does once trained: scale and shift of each channel."""
        mean, variance = self.get(f"{name}.running_mean", size), self.get(f"{name}.running_var", size)
        if (variance < 0).any():
            raise WeightsRefused(f"{name}.running_var holds negative variances")
        scale = self.get(f"{name}.weight", size) / np.sqrt(variance + _BATCH_NORM_EPSILON)
        return scale, self.get(f"{name}.bias", size) - mean * scale


def single(array: Float) -> Single:
    """Return float32 numbers. Subnormal ones become zero: they change no result, and cost 100 times the time."""
    return np.where(np.abs(array) < _SMALLEST_NORMAL, 0.0, array).astype(np.float32)
