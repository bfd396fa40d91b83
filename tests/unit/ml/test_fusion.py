"""The wideband model: its score is the sum that was fitted, of what its parts say on their own."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from audio_analyzer.loading import OWN_MODELS
from guardian_models.aasist import network
from guardian_models.folder import read_manifest, read_model
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import SoundManifest
from ml.voice.train import fitting, fusion, texture


def constant_model(samples: int, size: int, values: tuple[float, float]) -> bytes:
    graph, sound = Graph(), Tensor("samples")
    zero = graph.op("Mul", graph.op("ReduceMean", sound, graph.ints(1), keepdims=1), graph.number(0.0))
    logits = graph.op("Add", zero, np.array([values], np.float32))
    embedding = graph.op("Add", zero, np.zeros((1, size), np.float32))
    outputs = {"logits": (logits, [1, 2]), "embedding": (embedding, [1, size])}
    return graph.model("constant", (sound, [1, samples]), outputs)


@pytest.mark.parametrize(("texture_says", "aasist_says"), [(1.5, -8.0), (-2.0, 3.0)])
def test_the_score_is_the_weighted_sum(texture_says: float, aasist_says: float) -> None:
    shares = fusion.Shares(0.8, 0.2, 2.0)
    model = fusion.build(
        constant_model(texture.SAMPLES, 6, (texture_says, 0)),
        constant_model(network.SAMPLES, 160, (aasist_says, 0)),
        shares,
    )
    session = onnxruntime.InferenceSession(model)
    sound = np.zeros((1, network.SAMPLES), np.float32)
    logits, embedding = session.run(["logits", "embedding"], {fusion.INPUT: sound})
    assert logits[0, 0] - logits[0, 1] == pytest.approx(0.8 * texture_says + 0.2 * aasist_says + 2.0, abs=1e-5)
    assert embedding[0, -2:] == pytest.approx([texture_says, aasist_says], abs=1e-5)


def test_the_shipped_model_is_joined_from_the_texture_that_is_in_the_repository() -> None:
    shipped = read_manifest(OWN_MODELS, "voice-wideband", SoundManifest)
    part = read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest)
    sound = np.random.default_rng(2).normal(0, 0.05, (1, network.SAMPLES)).astype(np.float32)
    whole = onnxruntime.InferenceSession(read_model(OWN_MODELS, shipped)).run(["embedding"], {"samples": sound})[0]
    alone = onnxruntime.InferenceSession(read_model(fitting.OWN_MODELS, part))
    expected = alone.run(["embedding"], {"samples": sound[:, : texture.SAMPLES]})[0]
    assert whole[0, :6] == pytest.approx(expected[0], abs=1e-3)
