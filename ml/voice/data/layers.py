"""Layers of neural networks in numpy, and a reader of PyTorch's files: what they name is never imported or called."""

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
    """Let what is negative through, made smaller."""
    return np.asarray(np.maximum(x, x * np.float32(slope)))


def conv(x: Array, net: Weights, name: str, dilation: int = 1) -> Array:
    """Convolve; nothing is padded."""
    weight = net[f"{name}.weight"]
    length = x.shape[1] - dilation * (weight.shape[2] - 1)
    taps = (weight[:, :, k] @ x[:, k * dilation : k * dilation + length] for k in range(weight.shape[2]))
    made = sum(taps)
    return np.asarray(made + net[f"{name}.bias"][:, None] if f"{name}.bias" in net else made, np.float32)


def same(x: Array, net: Weights, name: str, dilation: int = 1) -> Array:
    """Convolve; zeros around keep it as long as it was."""
    each = dilation * (net[f"{name}.weight"].shape[2] - 1) // 2
    return conv(np.pad(x, ((0, 0), (each, each))), net, name, dilation)


def upsampled(x: Array, net: Weights, name: str, stride: int) -> Array:
    """Transposed convolution: as many strides long as the input is."""
    weight = net[f"{name}.weight"]
    length, size = x.shape[1] * stride, weight.shape[2]
    made = np.zeros((weight.shape[1], length + size - stride), np.float32)
    for k in range(size):
        made[:, k : k + length : stride] += weight[:, :, k].T @ x
    cut = (size - stride) // 2
    return np.asarray(made[:, cut : cut + length] + net[f"{name}.bias"][:, None], np.float32)


def read(file: Path | IO[bytes]) -> Weights:
    """Read a network, whole or as a dictionary; a weight kept as length and direction is put together."""
    with zipfile.ZipFile(file) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("data.pkl"))
        loaded = _Reader(archive, name).load()
    found: Weights = {}
    if isinstance(loaded, _Module):
        _gather(loaded, "", found)
    else:
        found = {name: array.astype(np.float32) for name, array in loaded["model"].items()}
    for name in [each for each in found if each.endswith(".weight_v")]:
        direction, length = found.pop(name), found.pop(f"{name[:-1]}g")
        size = np.sqrt((direction**2).sum(axis=(1, 2), keepdims=True))
        found[name.removesuffix("_v")] = np.asarray(direction * (length / size), np.float32)
    return found


def _gather(module: _Module, prefix: str, found: Weights) -> None:
    held = module.__dict__
    arrays = {**held.get("_parameters", {}), **held.get("_buffers", {})}
    found.update({f"{prefix}{name}": array for name, array in arrays.items() if array is not None})
    for name, inner in held.get("_modules", {}).items():
        _gather(inner, f"{prefix}{name}.", found)


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
    steps = [each * storage.itemsize for each in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()
