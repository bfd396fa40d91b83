"""Published speech: who is in which fold, who may be learned from, and what is said where the folder is absent."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from audio_analyzer.domain import Conditions
from ml.common.packages import DataMissing
from ml.voice.data import published
from ml.voice.train import joining
from ml.voice.train.joining import Scored

COLUMNS = "file label family kind lineage language speaker repository source_codec source_rate".split()  # noqa: SIM905
GOOD = Conditions(snr_db=40, bandwidth_hz=7500, speech_seconds=3, clipped=0)


def clip(number: int, repository: str, *, family: str = "", speaker: str = "") -> published.Clip:
    return published.Clip(
        path=Path(f"{number}.flac"),
        name=f"{number}.flac",
        synthetic=bool(family),
        family=family,
        kind="tts" if family else "room",
        lineage="",
        language="en",
        speaker=speaker,
        repository=repository,
        coder="flac",
        rate=16000,
    )


def scored(clips: Sequence[published.Clip], parts: Sequence[tuple[float, float]]) -> list[Scored]:
    return [
        Scored(each, fold, part, GOOD) for each, fold, part in zip(clips, published.folds(clips), parts, strict=True)
    ]


CLIPS = [
    *(clip(number, f"people/{number % 9}", speaker=f"person {number % 7}") for number in range(90)),
    *(clip(number, f"systems/{number % 8}", family=f"system {number % 5}") for number in range(100, 180)),
]


def test_a_repository_is_in_one_fold_and_no_fold_is_without_recordings_or_systems() -> None:
    folds = published.folds(CLIPS)
    for name in {each.repository for each in CLIPS}:
        assert len({fold for each, fold in zip(CLIPS, folds, strict=True) if each.repository == name}) == 1
    for synthetic in (True, False):
        held = {fold for each, fold in zip(CLIPS, folds, strict=True) if each.synthetic is synthetic}
        assert held == set(range(published.FOLDS))


@pytest.mark.parametrize("fold", range(published.FOLDS))
def test_nothing_is_learned_from_a_repository_a_system_or_a_speaker_of_the_fold_that_is_measured(fold: int) -> None:
    folds = published.folds(CLIPS)
    learned = [CLIPS[index] for index in published.learners(CLIPS, folds, fold)]
    held = [each for each, of in zip(CLIPS, folds, strict=True) if of == fold]
    assert not {each.repository for each in learned} & {each.repository for each in held}
    assert not {each.family for each in learned if each.synthetic} & {each.family for each in held if each.synthetic}
    speakers = [{each.speaker for each in group if not each.synthetic} for group in (learned, held)]
    assert not speakers[0] & speakers[1]


def test_where_there_is_no_folder_the_message_says_which_setting_names_one(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="SILVER_GUARDIAN_SPEECH"):
        published.clips(tmp_path)


def test_a_file_that_the_manifest_names_and_the_folder_lacks_is_told(tmp_path: Path) -> None:
    row = dict.fromkeys(COLUMNS, "") | {"file": "a.flac", "label": "spoof", "family": "x", "source_rate": "24000"}
    with (tmp_path / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(row)
    with pytest.raises(DataMissing, match=r"lacks 1 files of its manifest, a\.flac"):
        published.clips(tmp_path)
    (tmp_path / "a.flac").write_bytes(b"")
    (found,) = published.clips(tmp_path)
    assert (found.synthetic, found.narrow) == (True, False)


def test_the_sum_is_the_log_odds_of_synthetic_speech_and_aasist_keeps_its_share() -> None:
    random = np.random.default_rng(4)
    parts = [(random.normal(2 * each.synthetic), random.normal(0)) for each in CLIPS]
    by = joining.shares(scored(CLIPS, parts))
    assert by.texture > 1
    assert by.aasist == pytest.approx(joining.AASIST_SHARE * by.texture)
    assert by.offset == pytest.approx(-by.texture, rel=0.5)  # even odds lie in the middle, at 1


def test_no_recording_reaches_likely_fake_and_one_of_a_source_at_most_is_suspicious() -> None:
    random = np.random.default_rng(5)
    people = [clip(number, f"people/{number % 4}") for number in range(400)]
    systems = [clip(number, "systems", family="one") for number in range(400, 500)]
    entries = scored([*people, *systems], [(random.normal(2 * each.synthetic), 0.0) for each in (*people, *systems)])
    by = joining.calibrate(entries, lambda entry: entry.parts[0])
    recorded = [entry.parts[0] for entry in entries if not entry.clip.synthetic]
    assert max(recorded) < by.strict_threshold
    assert by.threshold < by.strict_threshold
    assert sum(score >= by.threshold for score in recorded) <= 0.005 * len(recorded)
