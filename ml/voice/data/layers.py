"""Layers of neural networks in numpy, and a reader of PyTorch files that never imports or calls what they name."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Weights = dict[str, Array]


def leaky(x: Array, slope: float) -> Array:
    """Apply a leaky ReLU: multiply negative values by ``slope``."""
    return np.asarray(np.maximum(x, x * np.float32(slope)))


def conv(x: Array, net: Weights, name: str, dilation: int = 1) -> Array:
    """Apply a convolution without padding, ``[channels, length]``."""
    weight = net[f"{name}.weight"]
    length = x.shape[1] - dilation * (weight.shape[2] - 1)
    taps = (weight[:, :, k] @ x[:, k * dilation : k * dilation + length] for k in range(weight.shape[2]))
    total = sum(taps)
    return np.asarray(total + net[f"{name}.bias"][:, None] if f"{name}.bias" in net else total, np.float32)


def same_conv(x: Array, net: Weights, name: str, dilation: int = 1) -> Array:
    """Apply a convolution with zero padding; the length stays the same."""
    margin = dilation * (net[f"{name}.weight"].shape[2] - 1) // 2
    return conv(np.pad(x, ((0, 0), (margin, margin))), net, name, dilation)


def transposed_conv(x: Array, net: Weights, name: str, stride: int) -> Array:
    """Apply a transposed convolution; the result is ``stride`` times as long."""
    weight = net[f"{name}.weight"]
    length, size = x.shape[1] * stride, weight.shape[2]
    total = np.zeros((weight.shape[1], length + size - stride), np.float32)
    for k in range(size):
        total[:, k : k + length : stride] += weight[:, :, k].T @ x
    cut = (size - stride) // 2
    return np.asarray(total[:, cut : cut + length] + net[f"{name}.bias"][:, None], np.float32)


def read(file: Path | IO[bytes]) -> Weights:
    """Return the weights of a network that was saved whole or as a dictionary; multiply out normalised weights."""
    with zipfile.ZipFile(file) as archive:
        (name,) = (member for member in archive.namelist() if member.endswith("data.pkl"))
        loaded = _Reader(archive, name).load()
    weights: Weights = {}
    if isinstance(loaded, _Module):
        _collect(loaded, "", weights)
    else:
        weights = {name: array.astype(np.float32) for name, array in loaded["model"].items()}
    for name in [name for name in weights if name.endswith(".weight_v")]:
        direction, length = weights.pop(name), weights.pop(f"{name[:-1]}g")
        size = np.sqrt((direction**2).sum(axis=(1, 2), keepdims=True))
        weights[name.removesuffix("_v")] = np.asarray(direction * (length / size), np.float32)
    return weights


def _collect(module: _Module, prefix: str, weights: Weights) -> None:
    state = module.__dict__
    arrays = {**state.get("_parameters", {}), **state.get("_buffers", {})}
    weights.update({f"{prefix}{name}": array for name, array in arrays.items() if array is not None})
    for name, inner in state.get("_modules", {}).items():
        _collect(inner, f"{prefix}{name}.", weights)


class _Module:
    """Stand-in for every class that the pickle names."""

    def __init__(self, *arguments: object) -> None:
        del arguments

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class _Reader(pickle.Unpickler):
    """Reader of arrays and plain containers; any other class in the pickle becomes an empty :class:`_Module`."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        super().__init__(io.BytesIO(archive.read(name)))
        self._archive, self._root = archive, name.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        plain = {
            "OrderedDict": dict,
            "set": set,
            "FloatStorage": "<f4",
            "HalfStorage": "<f2",
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
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()
