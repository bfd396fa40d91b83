"""What a fine-tuned network learns from, and what ships of several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.common.packages import DataMissing
from ml.voice.data import published
from ml.voice.data.sound import RATE, Sound, rng
from ml.voice.train import augmentation, copies, messengers, tuned
from tests.unit.ml.test_published import clip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (copies, tuned):
        monkeypatch.setattr(module, "cache", lambda: tmp_path)
    (tmp_path / "published").mkdir()
    return tmp_path


def test_the_first_variant_is_the_clip_and_the_others_went_through_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = (0.1 * np.sin(np.arange(RATE) * 0.2)).astype(np.float32)
    monkeypatch.setattr(augmentation, "augment", lambda sound, _random: -sound)
    monkeypatch.setattr(augmentation, "packaged", lambda sound, _random: sound)
    loaded: list[str] = []

    def load(one: published.Clip) -> Sound:
        loaded.append(one.name)
        return sound

    monkeypatch.setattr(published, "load", load)
    found = [clip(1, "people/1"), clip(2, "made/2", family="system")]
    first = copies.made(found, 7)
    assert copies.made(found, 7)[1].of(1).tolist() == first[1].of(1).tolist()
    assert len(loaded) == copies.VARIANTS * len(found)  # the second time they came from the cache
    for index in range(len(found)):
        assert first[0].of(index) == pytest.approx(sound * 32767, abs=1)
        assert all(other.of(index) == pytest.approx(-sound * 32767, abs=1) for other in first[1:])


def test_what_ships_is_the_mean_of_the_networks_of_all_folds() -> None:
    for fold in range(published.FOLDS):
        tuned.write(tuned.path_of(3, fold), {"a": np.full((2, 2), fold, np.float32), "count": np.array(9)})
    mean = tuned.mean(3)
    assert mean["a"] == pytest.approx(np.ones((2, 2)))
    assert mean["a"].dtype == np.float32
    assert mean["count"] == 9


def test_what_a_messenger_leaves_is_as_long_and_drawn_by_the_seed_alone() -> None:
    said = rng(1, "said").normal(0, 0.1, RATE // 2).astype(np.float32)
    left = [messengers.copy(said, rng(seed, "sent")) for seed in (1, 2, 1)]
    assert all(each.shape == said.shape and np.abs(each).max() > 0 for each in left)
    assert np.array_equal(left[0], left[2])
    assert not np.array_equal(left[0], left[1])


def test_what_a_network_learned_from_and_is_measured_on_is_written_beside_it() -> None:
    found = [clip(number, f"people/{number % 4}", speaker=f"person {number % 8}") for number in range(24)]
    for fold in range(published.FOLDS):
        tuned.write_split(3, fold, found)
    splits = [tuned.split(3, fold) for fold in range(published.FOLDS)]
    assert sorted(name for each in splits for name in each.held) == sorted(each.name for each in found)
    by_name = {each.name: each for each in found}
    for each in splits:
        assert each.learned
        people, repositories = ({getattr(by_name[name], of) for name in each.held} for of in ("speaker", "repository"))
        assert not people & {by_name[name].speaker for name in each.learned}
        assert not repositories & {by_name[name].repository for name in each.learned}


def test_a_network_that_was_not_trained_is_told_with_the_command_that_trains_it() -> None:
    for asked in (tuned.of_fold, tuned.split):
        with pytest.raises(DataMissing, match="make tune"):
            asked(3, 0)


def test_weights_of_another_file_are_no_start(tmp_path: Path) -> None:
    other = tmp_path / "best.pth"
    with pytest.raises(DataMissing, match="is missing"):
        tuned.published_arrays(other)
    other.write_bytes(b"PK")
    with pytest.raises(DataMissing, match="is not the file of ASVspoof 5"):
        tuned.published_arrays(other)
