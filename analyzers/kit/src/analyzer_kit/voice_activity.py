"""Voice activity: where a person, or a synthetic voice, is heard to speak, by Silero VAD (MIT).

Loudness cannot tell a voice from a drum. The network comes with its makers' package, of which no code is run; how well
it tells them apart, and what it costs: docs/adr/0054-a-network-hears-where-there-is-speech.md.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.errors import Misconfigured
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.runs import runs_of
from guardian_models.runtime import open_session

_PACKAGE, _FILE = "silero_vad", "data/silero_vad_16k_sequence.onnx"
_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"

FRAME_SAMPLES, _CONTEXT, _STATE = 512, 64, (1, 1, 128)
"""The network takes 32 ms, the last 4 ms before them, and what it remembers."""

_BATCH = 128
"""Frames in one run: 4 s. More take more memory and, beyond what the caches hold, more time."""

_LOUD, _MOST_GAIN = 0.5, 32.0
"""A quiet recording is made as loud as others before the network hears it: of recordings 40 dB too quiet it misses
one in seven otherwise."""

_BEGINS, _GOES_ON = 0.5, 0.35
_SHORTEST_SECONDS, _PAUSE_SECONDS = 0.25, 0.1
"""The network's makers' own values: speech begins above the first probability and ends below the second; shorter
speech is none, and shorter pauses belong to it."""


class VoiceMeter:
    """The meter of how probable speech is, for each 32 ms; it keeps 2 bytes for each.

    Raises:
        Misconfigured: the network's file is missing, or another one.
    """

    def __init__(self) -> None:
        self._network = _network()
        self._rest = np.zeros(0, dtype=np.float32)
        self._before = np.zeros(_CONTEXT, dtype=np.float32)
        self._memory = (np.zeros(_STATE, dtype=np.float32), np.zeros(_STATE, dtype=np.float32))
        self._peak = 0.0
        self._parts: list[NDArray[np.float16]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take mono samples at 16 kHz in [-1, 1]."""
        joined = np.concatenate([self._rest, samples])
        batch = _BATCH * FRAME_SAMPLES
        whole = joined.size // batch * batch
        self._rest = joined[whole:]
        for start in range(0, whole, batch):
            self._parts.append(self._heard(joined[start : start + batch]))

    def result(self) -> NDArray[np.float16]:
        """Return the probabilities, once all samples were taken; less than 32 ms at the end are left out."""
        whole = self._rest.size // FRAME_SAMPLES * FRAME_SAMPLES
        if whole:
            self._parts.append(self._heard(self._rest[:whole]))
            self._rest = self._rest[whole:]
        return np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=np.float16)

    def _heard(self, samples: NDArray[np.float32]) -> NDArray[np.float16]:
        self._peak = max(self._peak, float(np.abs(samples).max()))
        gain = np.float32(min(max(_LOUD / max(self._peak, 1e-9), 1.0), _MOST_GAIN))
        frames = samples.reshape(-1, FRAME_SAMPLES) * gain
        contexts = np.concatenate([self._before[None], frames[:-1, -_CONTEXT:]])
        self._before = frames[-1, -_CONTEXT:]
        taken = {"input": np.concatenate([contexts, frames], axis=1), "h": self._memory[0], "c": self._memory[1]}
        speech, *memory = self._network.run(["speech_probs", "hn", "cn"], taken)
        self._memory = (memory[0], memory[1])
        return np.asarray(speech, dtype=np.float16).reshape(-1)


def speech_stretches(probabilities: NDArray[np.float16]) -> list[tuple[int, int]]:
    """Return the first frame, and the one after the last, of each stretch of speech in frames of 32 ms."""
    begins = probabilities >= _BEGINS
    stretches: list[tuple[int, int]] = []
    for start, end in runs_of(probabilities >= _GOES_ON):
        if not begins[start:end].any():
            continue
        if stretches and (start - stretches[-1][1]) * FRAME_SAMPLES < _PAUSE_SECONDS * SAMPLE_RATE:
            start = stretches.pop()[0]  # noqa: PLW2901 - one stretch with the last
        stretches.append((start, end))
    return [
        (start, end) for start, end in stretches if (end - start) * FRAME_SAMPLES >= _SHORTEST_SECONDS * SAMPLE_RATE
    ]


@cache
def _network() -> Any:  # noqa: ANN401 - the runtime has no types
    spec = find_spec(_PACKAGE)  # imports nothing of it
    folders = list(spec.submodule_search_locations or []) if spec else []
    path = Path(folders[0]) / _FILE if folders else Path(_FILE)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"The network for voice activity cannot be read: {error}. Install silero-vad.") from error
    if (actual := hashlib.sha256(content).hexdigest()) != _SHA256:
        raise Misconfigured(f"{path} has sha256 {actual}, not {_SHA256}: install the pinned silero-vad again.")
    return open_session(content)
