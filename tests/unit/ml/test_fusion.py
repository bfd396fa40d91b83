"""The wideband model: its score is the sum that was fitted, of what its parts say on their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from analyzer_kit.analysis import Models
from audio_analyzer.domain import Conditions
from audio_analyzer.loading import OWN_MODELS, load_models
from guardian_models.aasist import network
from guardian_models.folder import read_manifest, read_model
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import SoundManifest
from ml.common.paths import repo_root
from ml.voice.train import fitting, fusion, joining, texture, wideband
from tests.unit.ml.test_published import clip


def constant_model(samples: int, size: int, values: tuple[float, float]) -> bytes:
    graph, sound = Graph(), Tensor("samples")
    zero = graph.op("Mul", graph.op("ReduceMean", sound, graph.ints(1), keepdims=1), graph.number(0.0))
    logits = graph.op("Add", zero, np.array([values], np.float32))
    embedding = graph.op("Add", zero, np.zeros((1, size), np.float32))
    outputs = {"logits": (logits, [1, 2]), "embedding": (embedding, [1, size])}
    return graph.model("constant", (sound, [1, samples]), outputs)


def entries() -> list[joining.Scored]:
    """Return what the parts say of recordings and of synthetic clips, as far apart as they are."""
    random = np.random.default_rng(4)
    good = Conditions(snr_db=40, bandwidth_hz=7500, speech_seconds=3, clipped=0)
    made = [clip(number, f"made/{number % 8}", family="one") for number in range(80)]
    recorded = [clip(number, f"people/{number % 9}") for number in range(100, 190)]
    return [
        joining.Scored(each, 0, (float(random.normal(2 * each.synthetic)), 0.0), good) for each in (*made, *recorded)
    ]


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


def test_the_model_is_joined_with_the_texture_that_ships_and_written_where_git_does_not_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = read_manifest(OWN_MODELS, fitting.ID, SoundManifest)
    parts = read_model(OWN_MODELS, own), constant_model(network.SAMPLES, 160, (3.0, 0))
    monkeypatch.setattr(wideband, "parts", lambda _weights: parts)
    monkeypatch.setattr(wideband, "scored", lambda *_: entries())
    wideband.make(Path("best.pth"), 1, tmp_path)
    heard = load_models(Models(folder=str(tmp_path)), 1)
    assert [model.manifest.id for model in heard] == [fitting.ID, wideband.ID]
    assert heard[1].manifest.calibration is not None
    sound = np.random.default_rng(2).normal(0, 0.05, network.SAMPLES).astype(np.float32)
    alone = heard[0].run(sound[: texture.SAMPLES])
    assert heard[1].run(sound).embedding == pytest.approx([*alone.embedding, alone.score, 3.0], abs=1e-3)
    ignored = subprocess.run(["git", "check-ignore", "--quiet", wideband.JOINED_MODELS], cwd=repo_root(), check=False)
    assert ignored.returncode == 0
