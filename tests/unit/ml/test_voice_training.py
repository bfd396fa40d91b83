"""Our own model: its measures, the clips that a member learns from, and the augmentation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from guardian_models.folder import read_manifest, read_model
from guardian_models.manifest import SoundManifest
from ml.voice.data.sound import rng
from ml.voice.train import augmentation, fitting, texture
from ml.voice.train.training_data import TrainingClip
from tests.support.analyzers.listener import babble

Samples = NDArray[np.float32]
COUNT = 6


@pytest.fixture(scope="module")
def measures() -> Callable[[Samples], Samples]:
    session = onnxruntime.InferenceSession(texture.front_end())
    return lambda sound: np.asarray(session.run(None, {texture.INPUT: sound[None]})[0][0], np.float32)


@pytest.fixture(scope="module")
def voice() -> Samples:
    return babble(texture.SAMPLES / texture.RATE, highest_hz=6500, noise=0.0003)


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("loudness", lambda sound: sound * np.float32(0.05)),
        ("polarity", lambda sound: -sound),
        ("faint noise", lambda sound: sound + np.random.default_rng(3).normal(0, 3e-5, sound.size).astype(np.float32)),
    ],
)
def test_changes_that_say_nothing_about_synthesis_hardly_change_the_measures(
    measures: Callable[[Samples], Samples], voice: Samples, what: str, changed: Callable[[Samples], Samples]
) -> None:
    other = measures(babble(4, seed=2, highest_hz=6500, noise=0.0003))
    before = measures(voice)
    assert np.abs(measures(changed(voice)) - before).mean() < 0.1 * np.abs(other - before).mean(), what


def test_silence_has_finite_measures(measures: Callable[[Samples], Samples]) -> None:
    assert np.isfinite(measures(np.zeros(texture.SAMPLES, np.float32))).all()


def test_the_model_averages_its_members(measures: Callable[[Samples], Samples], voice: Samples) -> None:
    def half(weights: NDArray[np.float64]) -> Samples:
        return weights.astype(np.float16).astype(np.float32)  # as the file keeps them

    count = measures(voice).size
    random = np.random.default_rng(1)
    members = [
        texture.Member(
            random.normal(0, 1, count).astype(np.float32),
            np.ones(count, np.float32),
            [
                (half(random.normal(0, 0.1, (count, 8))), random.normal(0, 1, 8).astype(np.float32)),
                (half(random.normal(0, 1, (8, 1))), random.normal(0, 1, 1).astype(np.float32)),
            ],
        )
        for _ in range(3)
    ]
    session = onnxruntime.InferenceSession(texture.build(members[:2], members[2:]))
    logits, embedding = session.run(["logits", "embedding"], {texture.INPUT: voice[None]})
    expected = []
    for member in members:
        standard = np.clip(measures(voice) - member.mean, -texture.LIMIT, texture.LIMIT)
        hidden = np.maximum(standard @ member.layers[0][0] + member.layers[0][1], 0)
        expected.append(float((hidden @ member.layers[1][0] + member.layers[1][1])[0]))
    assert embedding[0] == pytest.approx(expected, abs=1e-3)
    assert logits[0] == pytest.approx([np.mean(expected[:2]), 0], abs=1e-3)


def test_the_shipped_model_is_the_network_of_this_code_with_its_weights() -> None:
    shipped = onnx.load_model_from_string(
        read_model(fitting.OWN_MODELS, read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest))
    )
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in shipped.graph.initializer}
    inputs = {node.output[0]: list(node.input) for node in shipped.graph.node}

    def member(logit: str) -> texture.Member:
        """Follow the graph back from a member's logit to its constants."""
        product, second_bias = inputs[logit]
        hidden, second = inputs[product]
        product, first_bias = inputs[inputs[hidden][0]]
        clipped, first = inputs[product]
        centred, scale = inputs[inputs[clipped][0]]
        weights = [constants[inputs[cast][0]].astype(np.float32) for cast in (first, second)]
        biases = [constants[bias][0] for bias in (first_bias, second_bias)]
        return texture.Member(
            constants[inputs[centred][1]][0], constants[scale][0], list(zip(weights, biases, strict=True))
        )

    members = [member(logit) for logit in inputs[inputs["embedding"][0]]]
    built = onnx.load_model_from_string(texture.build(members[:3], members[3:]))
    assert list(built.graph.node) == list(shipped.graph.node)
    assert len(built.graph.initializer) == len(constants)
    for tensor in built.graph.initializer:
        assert numpy_helper.to_array(tensor) == pytest.approx(constants[tensor.name], rel=1e-3, abs=1e-6)


def _training_data() -> tuple[list[TrainingClip], Samples]:
    random = np.random.default_rng(5)
    clips = [
        TrainingClip(
            f"{kind}-{fold}-{index}",
            kind == "piper",
            f"{kind}{fold}",
            *((fold, None) if kind == "piper" else (None, fold)),
        )
        for kind in ("people", "piper")
        for fold in (0, 1, 2)
        for index in range(100)
    ]
    copies = [TrainingClip(f"copy-{index}", True, "copy", 0, 1) for index in range(10)]
    clips += copies
    values = random.normal(0, 1, (len(clips), 4, COUNT)).astype(np.float32)
    values[[clip.synthetic for clip in clips], :, 0] += 3
    return clips, values


@pytest.mark.parametrize("family_held_out", [False, True])
def test_a_member_learns_neither_from_its_own_fold_nor_from_copies_of_its_recordings(
    family_held_out: bool,
) -> None:
    clips, values = _training_data()
    changed = values.copy()
    changed[[clip.recording_fold == 1 or (family_held_out and clip.family_fold == 1) for clip in clips]] = 99
    before, after = (
        fitting.member(clips, measured, 1, seed=7, family_held_out=family_held_out) for measured in (values, changed)
    )
    assert np.array_equal(before.mean, after.mean)
    assert all(
        np.array_equal(a, b)
        for x, y in zip(before.layers, after.layers, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    other = fitting.member(clips, changed, 0, seed=7)
    assert not np.array_equal(other.mean, fitting.member(clips, values, 0, seed=7).mean)


def test_a_member_separates_classes_that_can_be_separated() -> None:
    clips, values = _training_data()
    trained = fitting.member(clips, values, 2, seed=7)
    scores = []
    for clip, row in zip(clips, values, strict=True):
        if 2 in (clip.recording_fold, clip.family_fold):
            standard = np.clip((row[0] - trained.mean) * trained.scale, -texture.LIMIT, texture.LIMIT)
            hidden = np.maximum(standard @ trained.layers[0][0] + trained.layers[0][1], 0)
            scores.append((clip.synthetic, (hidden @ trained.layers[1][0] + trained.layers[1][1])[0]))
    assert np.mean([score for synthetic, score in scores if synthetic]) > 1 + np.mean(
        [score for synthetic, score in scores if not synthetic]
    )


def test_the_augmentation_depends_on_its_seed_alone_and_stays_in_range(voice: Samples) -> None:
    for seed in range(6):
        once, again = (augmentation.augment(voice * 3, rng(seed)) for _ in range(2))
        assert np.array_equal(once, again)
        assert once.dtype == np.float32
        assert float(np.abs(once).max()) <= 1
        assert abs(once.size / voice.size - 1) < 0.08
