"""Our own model: what its measures do not hear, what a member never meets, and what befalls a lesson."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from ml.voice.data.sound import rng
from ml.voice.train import augmentation as hardships
from ml.voice.train import fitting as train
from ml.voice.train import texture
from ml.voice.train.training_data import Lesson
from tests.support.listener import babble

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
def test_what_says_nothing_of_synthesis_changes_the_measures_little(
    measures: Callable[[Samples], Samples], voice: Samples, what: str, changed: Callable[[Samples], Samples]
) -> None:
    other = measures(babble(4, seed=2, highest_hz=6500, noise=0.0003))
    before = measures(voice)
    assert np.abs(measures(changed(voice)) - before).mean() < 0.1 * np.abs(other - before).mean(), what


def test_silence_has_finite_measures(measures: Callable[[Samples], Samples]) -> None:
    assert np.isfinite(measures(np.zeros(texture.SAMPLES, np.float32))).all()


def test_the_model_says_what_its_members_say_on_average(measures: Callable[[Samples], Samples], voice: Samples) -> None:
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
    for each in members:
        now = np.clip(measures(voice) - each.mean, -texture.LIMIT, texture.LIMIT)
        hidden = np.maximum(now @ each.layers[0][0] + each.layers[0][1], 0)
        expected.append(float((hidden @ each.layers[1][0] + each.layers[1][1])[0]))
    assert embedding[0] == pytest.approx(expected, abs=1e-3)
    assert logits[0] == pytest.approx([np.mean(expected[:2]), 0], abs=1e-3)


def _lessons() -> tuple[list[Lesson], Samples]:
    random = np.random.default_rng(5)
    every = [
        Lesson(
            f"{kind}-{fold}-{index}",
            kind == "piper",
            f"{kind}{fold}",
            *((fold, None) if kind == "piper" else (None, fold)),
        )
        for kind in ("people", "piper")
        for fold in (0, 1, 2)
        for index in range(100)
    ]
    copies = [Lesson(f"copy-{index}", True, "copy", 0, 1) for index in range(10)]
    every += copies
    values = random.normal(0, 1, (len(every), 4, COUNT)).astype(np.float32)
    values[[one.synthetic for one in every], :, 0] += 3
    return every, values


@pytest.mark.parametrize("stranger", [False, True])
def test_a_member_learns_nothing_from_its_own_fold_not_even_from_copies_of_its_recordings(stranger: bool) -> None:
    every, values = _lessons()
    changed = values.copy()
    changed[[one.recording_fold == 1 or (stranger and one.family_fold == 1) for one in every]] = 99
    before, after = (train.member(every, each, 1, seed=7, stranger=stranger) for each in (values, changed))
    assert np.array_equal(before.mean, after.mean)
    assert all(
        np.array_equal(a, b)
        for x, y in zip(before.layers, after.layers, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    other = train.member(every, changed, 0, seed=7)
    assert not np.array_equal(other.mean, train.member(every, values, 0, seed=7).mean)


def test_a_member_tells_apart_what_can_be_told_apart() -> None:
    every, values = _lessons()
    learnt = train.member(every, values, 2, seed=7)
    said = []
    for one, row in zip(every, values, strict=True):
        if 2 in (one.recording_fold, one.family_fold):
            now = np.clip((row[0] - learnt.mean) * learnt.scale, -texture.LIMIT, texture.LIMIT)
            hidden = np.maximum(now @ learnt.layers[0][0] + learnt.layers[0][1], 0)
            said.append((one.synthetic, (hidden @ learnt.layers[1][0] + learnt.layers[1][1])[0]))
    assert np.mean([score for synthetic, score in said if synthetic]) > 1 + np.mean(
        [score for synthetic, score in said if not synthetic]
    )


def test_the_chain_is_drawn_by_its_seed_alone_and_stays_in_range(voice: Samples) -> None:
    for seed in range(6):
        once, again = (hardships.befall(voice * 3, rng(seed)) for _ in range(2))
        assert np.array_equal(once, again)
        assert once.dtype == np.float32
        assert float(np.abs(once).max()) <= 1
        assert abs(once.size / voice.size - 1) < 0.08
