"""Something like speech, and a model with a chosen answer: its score is the sound's offset from zero.

The offset is inaudible and changes nothing else that is measured: a test can give any stretch any score.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from guardian_models.folder import file_name, write
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import AudioWindow, Embedding, Logits, SoundManifest, WeightsSource

RATE = SAMPLE_RATE
WINDOW_SECONDS = 2
SAMPLES = WINDOW_SECONDS * RATE
_SCORE_OF_ONE = 1000.0

CALIBRATION: dict[str, Any] = {
    "slope": 1.0,
    "intercept": -1.0,
    "threshold": 1.0,
    "strictThreshold": 3.0,
    "reference": [number / 5 for number in range(-15, 6)],
}
DOMAIN = {"minSnrDb": 20, "minBandwidthHz": 4500, "minSpeechSeconds": 1}


def offset(score: float) -> np.float32:
    """Return what to add to a window's samples for that score."""
    return np.float32(score / _SCORE_OF_ONE)


def babble(seconds: float, seed: int = 1, *, noise: float = 0.001, highest_hz: float = 3000) -> NDArray[np.float32]:
    """Return something like speech: noise in bands that come and go, never the same way twice, over a faint room."""
    rng = np.random.default_rng(seed)
    size = int(seconds * RATE)
    sound = rng.normal(0, noise, size)
    for _ in range(int(seconds * 12)):
        first, length = int(rng.integers(size)), rng.uniform(0.05, 0.25)
        pitch, drift = rng.uniform(200, highest_hz), rng.uniform(-2000, 2000)
        local = np.arange(min(int(length * RATE), size - first)) / RATE
        envelope = np.sin(np.pi * local / length)
        phase = 2 * np.pi * (pitch * local + drift * local**2 / 2) + rng.uniform(0, 6)
        sound[first : first + local.size] += rng.uniform(0.02, 0.1) * envelope * np.sin(phase)
    return sound.astype(np.float32)


def wav(samples: NDArray[np.float32]) -> bytes:
    """Return samples as a WAV file: 16 bits, mono, 16 kHz."""
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def listener() -> bytes:
    """Return the model: its fake class has the mean sample times 1000, the other one 0."""
    graph, sound = Graph(), Tensor("samples")
    fake = graph.op("MatMul", sound, np.full((SAMPLES, 1), _SCORE_OF_ONE / SAMPLES, np.float32))
    logits = graph.op("Concat", fake, graph.op("Mul", fake, graph.number(0.0)), axis=1)
    return graph.model("listener", (sound, [1, SAMPLES]), {"logits": (logits, [1, 2]), "embedding": (fake, [1, 1])})


def manifest_of(model: bytes, name: str = "listener", **changes: Any) -> SoundManifest:
    """Return its manifest, calibrated by default."""
    checksum = hashlib.sha256(model).hexdigest()
    fields: dict[str, Any] = {
        "id": name,
        "file": file_name(name, checksum),
        "sha256": checksum,
        "source": WeightsSource(url="https://example.org/weights", sha256="0" * 64),
        "input": AudioWindow(name="samples", sample_rate=RATE, samples=SAMPLES),
        "logits": Logits(name="logits", classes=("fake", "other"), fake_index=0),
        "embedding": Embedding(name="embedding", size=1),
        "licence": "Apache-2.0",
        "copyright": "© someone",
        "calibration": CALIBRATION,
        "domain": DOMAIN,
        "evalCard": "docs/cards/voice-texture.md",
    }
    return SoundManifest.model_validate(fields | changes)


def write_listener(folder: Path, name: str = "listener", **changes: Any) -> Path:
    """Put the model into a folder of models, and return that folder."""
    model = listener()
    write(folder, manifest_of(model, name, **changes), model)
    return folder
