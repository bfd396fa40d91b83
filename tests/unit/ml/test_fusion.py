"""The wideband model: its score is the sum that was fitted, of what its parts say on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from guardian_models.aasist import network
from guardian_models.folder import read_manifest, read_model
from guardian_models.graph import Graph, Tensor
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model
from ml.voice.data import doubles, published, sent
from ml.voice.train import fitting, fusion, joining, scored, texture, tuned, wideband
from ml.voice.train.coders import Detector
from tests.support.media import sounds
from tests.unit.ml import test_published
from tests.unit.ml.test_published import clip

CLIPS = [clip(number, f"people/{number}") for number in range(published.FOLDS)]
SOUND = np.random.default_rng(2).normal(0, 0.05, network.SAMPLES).astype(np.float32)


def constant_model(values: tuple[float, float]) -> bytes:
    graph, sound = Graph(), Tensor("samples")
    zero = graph.op("Mul", graph.op("ReduceMean", sound, graph.ints(1), keepdims=1), graph.number(0.0))
    logits = graph.op("Add", zero, np.array([values], np.float32))
    embedding = graph.op("Add", zero, np.zeros((1, 160), np.float32))
    outputs = {"logits": (logits, [1, 2]), "embedding": (embedding, [1, 160])}
    return graph.model("constant", (sound, [1, network.SAMPLES]), outputs)


def own_texture() -> tuple[SoundManifest, bytes]:
    manifest = read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest)
    return manifest, read_model(fitting.OWN_MODELS, manifest)


@pytest.mark.parametrize(("bias", "discount"), [(0.5, 2.0), (-0.5, 0.0)])
def test_the_score_is_the_weighted_sum_and_less_where_a_coder_was_at_work(bias: float, discount: float) -> None:
    manifest, own = own_texture()
    alone = Model(manifest, own).run(SOUND[: texture.SAMPLES])
    measures = onnxruntime.InferenceSession(texture.front_end()).run(None, {"samples": SOUND[None, : texture.SAMPLES]})
    weights = np.zeros(texture.MEASURES)
    weights[7] = 1.0
    coder = Detector(measures[0][0].astype(np.float64), np.ones(texture.MEASURES), weights, bias)
    joint = fusion.Joint(fusion.Shares(0.8, 0.2, 2.0), coder, 2.0)
    model = fusion.build(own, constant_model((3.0, 0)), joint)
    logits, embedding = onnxruntime.InferenceSession(model).run(["logits", "embedding"], {"samples": SOUND[None]})
    assert logits[0, 0] - logits[0, 1] == pytest.approx(0.8 * alone.score + 0.2 * 3.0 + 2.0 - discount, abs=1e-3)
    assert embedding[0] == pytest.approx([*alone.embedding, bias, alone.score, 3.0], abs=1e-3)


def test_what_ships_is_the_texture_and_the_network_with_their_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned, "mean", lambda _: {})
    monkeypatch.setattr(network, "build", lambda _arrays: constant_model((3.0, 0)))
    entries, by = test_published.fitted()
    nothing = np.zeros(texture.MEASURES)
    fit = joining.Fitted(fusion.Joint(by.joint.shares, Detector(nothing, nothing, nothing, -1.0), 1.0), by.calibration)
    monkeypatch.setattr(wideband, "tried", lambda *_: entries)
    monkeypatch.setattr(joining, "fit", lambda given: fit if given is entries else None)
    wideband.make(14, 1, tmp_path)
    manifest = read_manifest(tmp_path, wideband.ID, SoundManifest)
    assert manifest.calibration is not None
    assert manifest.calibration.strict_threshold == pytest.approx(by.calibration.strict_threshold)
    alone = Model(*own_texture()).run(SOUND[: texture.SAMPLES])
    answer = Model(manifest, read_model(tmp_path, manifest)).run(SOUND)
    assert answer.embedding == pytest.approx([*alone.embedding, -1.0, alone.score, 3.0], abs=1e-3)


def test_each_clip_is_judged_by_the_network_that_learned_nothing_of_its_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = clip(11, "people/9")  # of the second clip; all networks learned from it
    splits = [tuned.Split(frozenset({each.name}), frozenset({double.name})) for each in CLIPS]
    narrow = [clip(9, "people/0")]
    monkeypatch.setattr(published, "clips", lambda _folder: [*CLIPS, double])
    monkeypatch.setattr(doubles, "firsts", lambda found: [0, 1, 2, 1][: len(found)])
    monkeypatch.setattr(tuned, "split", lambda _seed, fold: splits[fold])
    monkeypatch.setattr(tuned, "of_fold", lambda _seed, fold: {"fold": np.array(float(fold))})
    monkeypatch.setattr(network, "build", lambda arrays: constant_model((float(arrays["fold"]), 0)))
    monkeypatch.setattr(scored, "cache", lambda: tmp_path)
    monkeypatch.setattr(sent, "sound", lambda _trial: sounds.voice())
    entries = wideband.tried(14, 1)
    assert [entry.parts[1] for entry in entries] == [entry.fold for entry in entries]
    assert [entry.clip.name for entry in entries] == [each.name for each in CLIPS]
    assert [entry.met for entry in entries] == [False, True, False]
    monkeypatch.setattr(sent, "sound", lambda _trial: narrow[99])  # what is in the cache is not asked again
    again = wideband.tried(14, 1)
    assert all((one.measures == other.measures).all() for one, other in zip(entries, again, strict=True))
