"""A model of a few numbers, and its manifest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from guardian_models.folder import file_name
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import AudioWindow, Embedding, Logits, SoundManifest, WeightsSource

SAMPLES = 8


def small_model(weight: float = 1.0) -> bytes:
    """Logits: minus and plus ``weight`` times the sum of the samples; embedding: the samples."""
    graph, sound = Graph(), Tensor("samples")
    total = graph.op("MatMul", sound, np.full((SAMPLES, 1), weight, np.float32))
    logits = graph.op("Concat", graph.op("Neg", total), total, axis=1)
    return graph.model("small", (sound, [1, SAMPLES]), {"logits": (logits, [1, 2]), "embedding": (sound, [1, SAMPLES])})


def manifest_of(model: bytes, **changes: Any) -> SoundManifest:
    """Return the manifest of a model, with these changes."""
    checksum = hashlib.sha256(model).hexdigest()
    fields: dict[str, Any] = {
        "id": "small",
        "file": file_name("small", checksum),
        "sha256": checksum,
        "source": WeightsSource(url="https://example.org/weights", sha256="0" * 64),
        "input": AudioWindow(name="samples", sample_rate=16000, samples=SAMPLES),
        "logits": Logits(name="logits", classes=("bona-fide", "spoof"), fake_index=1),
        "embedding": Embedding(name="embedding", size=SAMPLES),
        "licence": "MIT",
        "copyright": "© someone",
    }
    return SoundManifest(**fields | changes)
