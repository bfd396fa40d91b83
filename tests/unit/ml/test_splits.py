import pytest

from ml.voice.data import splits
from ml.voice.data.attacks import FAMILIES
from ml.voice.data.series import SERIES


@pytest.mark.parametrize("seed", range(8))
def test_no_speaker_and_no_group_is_in_two_folds(seed: int) -> None:
    fold_of = splits.series_folds(seed)
    assert set(fold_of) == {series.name for series in SERIES}
    for attribute in ("speaker", "group"):
        values = {getattr(series, attribute) for series in SERIES}
        for value in values:
            mine = {fold_of[series.name] for series in SERIES if getattr(series, attribute) == value}
            assert len(mine) == 1, f"{attribute} {value} is in {mine}"


def test_one_person_who_recorded_two_languages_stays_in_one_fold() -> None:
    speakers = [series.speaker for series in SERIES if series.name.startswith("asterisk-core-sounds-e")]
    assert speakers == ["Allison", "Allison"]


@pytest.mark.parametrize("style", ["sentences", "telephone", "words"])
def test_every_fold_has_recordings_of_every_style(style: str) -> None:
    fold_of = splits.series_folds(7)
    assert {fold_of[series.name] for series in SERIES if series.style == style} == set(splits.FOLDS)


def test_every_family_has_a_fold_and_every_fold_a_neural_family_and_a_copy() -> None:
    fold_of = splits.family_folds()
    assert set(fold_of) == {family.name for family in FAMILIES}
    for kind in ("neural", "copy"):
        assert {fold_of[family.name] for family in FAMILIES if family.kind == kind} == set(splits.FOLDS)


def test_another_seed_gives_other_folds() -> None:
    assert splits.series_folds(7) == splits.series_folds(7)
    assert splits.series_folds(7) != splits.series_folds(8)
