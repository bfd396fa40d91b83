"""Runs a model for sound on ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from guardian_models.errors import InputRefused, ManifestRefused
from guardian_models.folder import read_manifest, read_model
from guardian_models.manifest import SoundManifest

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A model's answer for one window.

    Attributes:
        logits: float32, one for each class of the manifest.
        embedding: float32, of the manifest's size.
        score: the fake class's logit minus the largest of the others; higher means more likely fake. Not calibrated.
    """

    logits: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]
    score: float


def providers(available: Collection[str]) -> list[str]:
    """Return who computes, in order of preference, where a GPU may: CUDA if this runtime has it, then the CPU."""
    return [name for name in (_CUDA, _CPU) if name in available or name == _CPU]


def open_session(content: bytes, *, gpu: bool = False) -> onnxruntime.InferenceSession:
    """Return a session of ONNX Runtime that takes and keeps little memory; it raises what the runtime raises.

    On the CPU it has no threads of its own, which copies of this process would lack; several threads may share it.

    Args:
        content: an ONNX model.
        gpu: whether it may run on one. Not in a template or in a child of it: CUDA does not outlive a fork, and a child
            may not speak to a device.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # takes memory for a whole run at once: 27 MB more for AASIST, no faster
    options.enable_cpu_mem_arena = False  # keeps what the largest run took: 12 MB for our own model, 34 for AASIST
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = providers(onnxruntime.get_available_providers()) if gpu else [_CPU]
    session = onnxruntime.InferenceSession(content, options, providers=wanted)
    if gpu and _CUDA not in session.get_providers():
        why = "the driver or a library is missing" if _CUDA in wanted else "this runtime is built without CUDA"
        log.warning("a model that may use a GPU runs on the CPU: %s", why)
    # The runtime has its own copy of the weights. Its Python class keeps the file as well, in case the provider is
    # changed, and has no option not to.
    session._model_bytes = None  # noqa: SLF001
    return session


class Model:
    """A model, ready to run. It may be shared between threads: the runtime's sessions can be.

    Args:
        manifest: what it is.
        content: the ONNX model, checked before.
        threads: how many windows :meth:`run_all` may take at a time.
        gpu: as of :func:`open_session`.

    Raises:
        ManifestRefused: the model is no ONNX, or has other inputs and outputs than the manifest says.
    """

    def __init__(self, manifest: SoundManifest, content: bytes, threads: int = 1, *, gpu: bool = False) -> None:
        self.manifest = manifest
        self.threads = threads
        try:
            self._session = open_session(content, gpu=gpu)
        except Exception as error:  # its exceptions share no base class of their own
            raise ManifestRefused(f"{manifest.file} cannot be loaded: {error}") from error
        expected = [
            (manifest.input.name, [1, manifest.input.samples]),
            (manifest.logits.name, [1, len(manifest.logits.classes)]),
            (manifest.embedding.name, [1, manifest.embedding.size]),
        ]
        ends = [*self._session.get_inputs(), *self._session.get_outputs()]
        if (actual := [(end.name, end.shape) for end in ends]) != expected:
            raise ManifestRefused(f"{manifest.file} has {actual}, its manifest says {expected}")

    def run(self, window: npt.NDArray[np.float32]) -> Answer:
        """Return the answer for one window.

        Args:
            window: mono sound of the manifest's sample rate and length, float32 of shape ``[samples]``.

        Raises:
            InputRefused: it has another shape or type, or values that are not finite or outside the manifest's range.
        """
        taken = self.manifest.input
        if window.shape != (taken.samples,) or window.dtype != np.float32:
            raise InputRefused(
                f"{self.manifest.id} takes float32 [{taken.samples}], not {window.dtype} {list(window.shape)}"
            )
        low, high = float(window.min()), float(window.max())
        if not taken.low <= low <= high <= taken.high:
            raise InputRefused(
                f"{self.manifest.id} takes samples from {taken.low:g} to {taken.high:g}, not {low:g} to {high:g}"
            )
        names = [self.manifest.logits.name, self.manifest.embedding.name]
        logits, embedding = (np.asarray(out)[0] for out in self._session.run(names, {taken.name: window[None]}))
        fake = self.manifest.logits.fake_index
        return Answer(logits, embedding, float(logits[fake] - np.delete(logits, fake).max()))

    def run_all(self, windows: Iterable[npt.NDArray[np.float32]]) -> list[Answer]:
        """Return the answers for windows, in their order; each is taken when there is a thread for it.

        Raises:
            InputRefused: as :meth:`run`.
        """
        if self.threads == 1:
            return [self.run(window) for window in windows]
        with ThreadPoolExecutor(self.threads) as threads:
            return list(threads.map(self.run, windows))


def load(folder: Path, model_id: str, threads: int = 1, *, gpu: bool = False) -> Model:
    """Return a model of a folder, ready to run windows, ``threads`` at a time; ``gpu`` as of :func:`open_session`.

    Raises:
        ModelMissing: there is none of that id, or its file is gone.
        ManifestRefused: its manifest is not valid, of an unknown version, or does not fit the model.
        ChecksumMismatch: its file is not the one that the manifest names.
        FolderUnusable: the folder cannot be read.
    """
    manifest = read_manifest(folder, model_id, SoundManifest)
    return Model(manifest, read_model(folder, manifest), threads, gpu=gpu)
