"""Reads arrays from a weights file: a PyTorch checkpoint (zip) or a ``.npz``. The file is hostile until checked."""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from guardian_models.errors import WeightsRefused
from guardian_models.torch_program import TensorView, tensors_of

type Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]

MAX_BYTES = 64 * 1024**2
_MAX_ENTRIES = 4096
_MAX_PROGRAM_BYTES = 1024**2
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError)
"""What zipfile raises for damaged archives, and for encrypted or unknown kinds of entries."""
_DTYPES = (np.dtype("<f4"), np.dtype("<i8"))


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return a file's content.

    Raises:
        WeightsRefused: it cannot be read, or is larger than ``limit`` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise WeightsRefused(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > limit:
        raise WeightsRefused(f"{path} is larger than {limit // 1024**2} MiB: it is none of the known weights files")
    return content


def read_arrays(content: bytes) -> dict[str, Array]:
    """Return the float32 and int64 arrays of a weights file, by name.

    Raises:
        WeightsRefused: neither a PyTorch checkpoint nor a ``.npz``, damaged, or too large when unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries.values()) > MAX_BYTES:
                raise WeightsRefused("the weights file is too large when unpacked")
            programs = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
            if len(programs) == 1:
                return _checkpoint(archive, entries, programs[0])
            if entries and all(name.endswith(".npy") for name in entries):
                return {name.removesuffix(".npy"): _npy(_entry(archive, entries, name)) for name in entries}
    except _DAMAGE as error:
        raise WeightsRefused(f"the weights file is a damaged archive: {error}") from error
    raise WeightsRefused("the weights file is neither a PyTorch checkpoint nor a .npz of arrays")


def digest(arrays: Mapping[str, Array]) -> str:
    """Return the sha256 of names, shapes, types and numbers: the same in whatever file they come."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _checkpoint(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], program: str) -> dict[str, Array]:
    if entries[program].file_size > _MAX_PROGRAM_BYTES:
        raise WeightsRefused("the checkpoint's program is too long")
    folder = program.removesuffix("data.pkl")
    arrays: dict[str, Array] = {}
    total = 0
    for name, view in tensors_of(_entry(archive, entries, program)).items():
        total += math.prod(view.shape)
        if total > MAX_BYTES:
            raise WeightsRefused("the checkpoint's tensors are too large")
        arrays[name] = _tensor(_entry(archive, entries, f"{folder}data/{view.storage.key}"), view, name)
    return arrays


def _tensor(content: bytes, view: TensorView, name: str) -> Array:
    """Return the numbers of a view, contiguous."""
    dtype = np.dtype(view.storage.dtype)
    contiguous = tuple(math.prod(view.shape[axis + 1 :]) for axis in range(len(view.shape)))
    end = view.offset + math.prod(view.shape)
    fits = len(content) == view.storage.length * dtype.itemsize and end <= view.storage.length
    if not fits or view.strides != contiguous:
        raise WeightsRefused(f"tensor {name} of the checkpoint does not fit its storage")
    return np.frombuffer(content, dtype)[view.offset : end].reshape(view.shape)


def _npy(content: bytes) -> Array:
    try:
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False, max_header_size=1000)
    except (ValueError, MemoryError) as error:
        raise WeightsRefused(f"an array of the weights file is damaged: {error}") from error
    if array.dtype not in _DTYPES:
        raise WeightsRefused(f"an array of the weights file holds {array.dtype}: float32 and int64 are known")
    return np.asarray(array)


def _entry(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str) -> bytes:
    """Return one entry; reading stops at the size that the directory states, so it cannot grow past the cap."""
    if name not in entries:
        raise WeightsRefused(f"the weights file lacks {name}")
    with archive.open(entries[name]) as file:
        return file.read(entries[name].file_size)
