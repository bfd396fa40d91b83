"""Published speech: who is in which fold, who may be learned from, and what is said where the folder is absent."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ml.common.packages import DataMissing
from ml.voice.data import packaged, published, sent
from ml.voice.data.sent import Trial
from ml.voice.train import joining
from ml.voice.train.scored import Scored

COLUMNS = "file label family kind lineage language speaker repository path source_codec source_rate".split()  # noqa: SIM905


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
    """Return the clips as they are, each with a copy that a coder of a low rate left; one measure in four tells it."""
    random = np.random.default_rng(6)
    entries = []
    for each, fold, part in zip(clips, published.folds(clips), parts, strict=True):
        for way, lift in ((sent.AS_RECORDED, 0.0), ("opus16", 1.5 * (not each.synthetic))):
            measures = random.normal(size=4)
            measures[0] += 8 * (way != sent.AS_RECORDED)
            entries.append(Scored(Trial(each, way), fold, (part[0] + lift, part[1]), measures.astype(np.float16)))
    return entries


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


def manifest(home: Path, *rows: dict[str, str]) -> None:
    with (home / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_a_person_has_one_name_in_all_repositories(tmp_path: Path) -> None:
    recording = {"label": "bonafide", "source_rate": "16000"}
    manifest(
        tmp_path,
        recording | {"file": "a", "speaker": "ljspeech", "repository": "a/a", "path": "wavs/LJ001-0001.wav"},
        recording | {"file": "b", "speaker": "", "repository": "b/b", "path": "gt/LJ002-0253.wav"},
        recording | {"file": "c", "speaker": "", "repository": "b/b", "path": "gt/1.wav"},
        recording | {"file": "d", "label": "spoof", "speaker": "en_ljspeech", "path": "samples/1.wav"},
    )
    for name in "abcd":
        (tmp_path / name).touch()
    found = published.clips(tmp_path)
    assert [each.speaker for each in found] == ["LJ", "LJ", "", "en_ljspeech"]
    assert [each.person for each in found[:3]] == ["LJ", "LJ", "b/b:c"]


def test_where_there_is_no_folder_the_message_says_which_setting_names_one(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="SILVER_GUARDIAN_SPEECH"):
        published.clips(tmp_path)


def test_a_file_that_the_manifest_names_and_the_folder_lacks_is_told(tmp_path: Path) -> None:
    manifest(tmp_path, {"file": "a.flac", "label": "spoof", "family": "x", "source_rate": "24000"})
    with pytest.raises(DataMissing, match=r"lacks 1 files of its manifest, a\.flac"):
        published.clips(tmp_path)
    (tmp_path / "a.flac").write_bytes(b"")
    (found,) = published.clips(tmp_path)
    assert (found.synthetic, found.narrow) == (True, False)


def fitted() -> tuple[list[Scored], joining.Fitted]:
    random = np.random.default_rng(4)
    clips = [
        *(clip(number, f"people/{number % 9}") for number in range(90)),
        *(clip(number, f"systems/{number % 8}", family=f"system {number % 8}") for number in range(100, 180)),
    ]
    entries = scored(clips, [(random.normal(4 * each.synthetic), random.normal(0)) for each in clips])
    return entries, joining.fit(entries)


def test_the_sum_is_the_log_odds_of_synthetic_speech_and_aasist_keeps_its_share() -> None:
    by = fitted()[1].joint.shares
    assert by.texture > 1
    assert by.aasist == pytest.approx(joining.AASIST_SHARE * by.texture)
    assert by.offset == pytest.approx(-2 * by.texture, rel=0.5)  # even odds lie in the middle, at 2


def test_no_recording_reaches_likely_fake_and_one_of_a_source_at_most_is_suspicious() -> None:
    entries, by = fitted()
    recorded = [score for entry, score in zip(entries, by.scores(entries), strict=True) if not entry.clip.synthetic]
    assert max(recorded) < by.calibration.strict_threshold
    assert by.calibration.threshold <= by.calibration.strict_threshold
    assert sum(score >= by.calibration.threshold for score in recorded) <= 0.005 * len(recorded)


def test_what_a_coder_lifted_counts_less_and_nothing_else_does() -> None:
    entries, by = fitted()
    assert by.joint.discount > 0.5
    lowered = by.joint.coder.evidence(np.stack([entry.measures for entry in entries])) >= 0
    plain = np.array([entry.plain for entry in entries])
    assert lowered[~plain].mean() > 0.95
    assert lowered[plain].mean() < 0.05
    without = dataclasses.replace(by, joint=dataclasses.replace(by.joint, discount=0.0))
    less = without.scores(entries) - by.scores(entries)
    assert less[lowered] == pytest.approx(by.joint.discount)
    assert less[~lowered] == pytest.approx(0)


def test_every_trial_is_judged_once_by_thresholds_of_the_other_folds() -> None:
    entries, _ = fitted()
    judged = joining.judge(entries)
    assert {(each.clip, each.way) for each in judged} == {(entry.clip, entry.way) for entry in entries}
    assert len(judged) == len(entries)
    assert not any(each.accused for each in judged if not each.clip.synthetic)


def test_whom_a_network_knows_in_spite_of_its_folds_is_judged_and_told() -> None:
    entries, _ = fitted()
    known = {entry.clip for entry in entries if entry.clip.speaker == "" and entry.clip.name.endswith("7.flac")}
    judged = joining.judge([dataclasses.replace(entry, met=entry.clip in known) for entry in entries])
    assert {each.clip for each in judged if each.met} == known
    assert len(judged) == len(entries)


def test_copies_stand_for_the_recordings_that_are_there_and_not_for_doubles() -> None:
    with sent.TABLE.open(encoding="utf-8") as file:
        names = [row["clip"] for row in csv.DictReader(file) if row["clip"].startswith("bonafide")][::2]
    found = [dataclasses.replace(clip(0, "people"), name=name) for name in names]
    opus = sum(trial.weight for trial in sent.trials(found) if trial.way == "opus24")
    assert opus == pytest.approx(len(found))


def test_the_copies_that_are_tried_go_known_ways_and_stand_for_those_that_were_not_drawn() -> None:
    with sent.TABLE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [
        dataclasses.replace(clip(0, "people", family="x" * row["clip"].startswith("spoof")), name=row["clip"])
        for row in rows
    ]
    trials = sent.trials(found)
    assert len({trial.key for trial in trials}) == len(trials)
    assert {trial.way for trial in trials} == {sent.AS_RECORDED, *sent.WAYS}
    opus = sum(trial.weight for trial in trials if trial.way == "opus16" and not trial.clip.synthetic)
    assert opus == pytest.approx(sum(not each.synthetic for each in found))


@pytest.mark.parametrize(
    ("recording", "is_known"),
    [
        (clip(1, "pyannote/pyannote-audio", speaker="ami-dev00"), True),
        (clip(2, "quickvc/QuickVC-VoiceConversion", speaker="LJ"), True),
        (clip(3, "quickvc/QuickVC-VoiceConversion", speaker="VCTK 226"), False),
        (clip(4, "systems/1", family="system", speaker="LJ"), False),
    ],
)
def test_the_texture_knows_whom_its_packages_hold(recording: published.Clip, is_known: bool) -> None:
    assert packaged.known(recording) is is_known
