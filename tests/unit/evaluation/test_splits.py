import pytest

from evaluation import splits
from evaluation.attacks import FAMILIES
from evaluation.recordings import SERIES


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rotation", range(3))
def test_no_speaker_and_no_group_is_in_two_splits(seed: int, rotation: int) -> None:
    split_of = splits.series_splits(seed, rotation)
    assert set(split_of) == {series.name for series in SERIES}
    for attribute in ("speaker", "group"):
        values = {getattr(series, attribute) for series in SERIES}
        for value in values:
            mine = {split_of[series.name] for series in SERIES if getattr(series, attribute) == value}
            assert len(mine) == 1, f"{attribute} {value} is in {mine}"


def test_one_person_who_recorded_two_languages_stays_in_one_split() -> None:
    speakers = [series.speaker for series in SERIES if series.name.startswith("asterisk-core-sounds-e")]
    assert speakers == ["Allison", "Allison"]


@pytest.mark.parametrize("style", ["sentences", "telephone", "words"])
def test_every_split_has_recordings_of_every_style(style: str) -> None:
    split_of = splits.series_splits(7)
    assert {split_of[series.name] for series in SERIES if series.style == style} == set(splits.SPLITS)


@pytest.mark.parametrize("rotation", range(3))
def test_every_family_has_a_split_and_every_split_a_neural_family(rotation: int) -> None:
    split_of = splits.family_splits(rotation)
    assert set(split_of) == {family.name for family in FAMILIES}
    assert {split_of[family.name] for family in FAMILIES if family.kind == "neural"} == set(splits.SPLITS)


def test_three_rotations_bring_everything_into_the_test_once() -> None:
    families = [
        name for rotation in range(3) for name, split in splits.family_splits(rotation).items() if split == "test"
    ]
    series = [
        name for rotation in range(3) for name, split in splits.series_splits(7, rotation).items() if split == "test"
    ]
    assert sorted(families) == sorted(family.name for family in FAMILIES)
    assert sorted(series) == sorted(one.name for one in SERIES)


def test_another_seed_deals_otherwise() -> None:
    assert splits.series_splits(7) == splits.series_splits(7)
    assert splits.series_splits(7) != splits.series_splits(8)
