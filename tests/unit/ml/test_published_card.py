"""The card of published speech: who is asked how, and that it begins with whom the model wrongs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from guardian_models.folder import read_manifest, read_model
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Model
from ml.voice.data import published
from ml.voice.data.sound import Sound
from ml.voice.evaluate import heard, published_card
from ml.voice.evaluate.heard import AS_IT_IS, MESSENGERS, SYNTHETIC_EVERY, WAYS, ScoredTrial
from ml.voice.train import fitting
from tests.support.media import sounds
from tests.unit.ml.test_published import CLIPS, clip

RECORDED = [each for each in CLIPS if not each.synthetic]
SYNTHETIC = [each for each in CLIPS if each.synthetic]
FORWARDED = "messenger: forwarded"


@pytest.fixture
def manifest() -> SoundManifest:
    return read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest)


def test_every_clip_is_heard_as_it_is_each_recording_as_voice_messages_and_of_the_synthetic_some() -> None:
    telephone = replace(clip(900, "people/telephone"), rate=8000)
    asked = list(heard.trials([*CLIPS, telephone]))
    assert [each for each, way in asked if way is None] == [*CLIPS, telephone]
    for recording in RECORDED:
        ways = [way for each, way in asked if each == recording and way]
        assert set(MESSENGERS) < set(ways)
        assert len(ways) == len(MESSENGERS) + 1
    assert [each for each, way in asked if way and each.synthetic] == SYNTHETIC[::SYNTHETIC_EVERY]
    assert {way.name for _, way in asked if way} == {way.name for way in WAYS}


def test_no_way_leaves_a_telephones_band_and_messengers_are_among_them() -> None:
    assert {way.kind for way in WAYS} == {"phone", "messenger", "call"}
    assert len(MESSENGERS) == 3
    assert not [way.name for way in WAYS if "AMR-NB" in way.name or "G.711" in way.name or "GSM" in way.name]


def test_what_was_heard_is_not_heard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: SoundManifest
) -> None:
    loaded: list[str] = []

    def load(one: published.Clip) -> Sound:
        loaded.append(one.name)
        return sounds.voice()

    monkeypatch.setattr(heard, "cache", lambda: tmp_path)
    monkeypatch.setattr(published, "load", load)
    telephone = [replace(clip(number, "people/telephone"), rate=8000) for number in (1, 2)]
    model = Model(manifest, read_model(fitting.OWN_MODELS, manifest))
    first = heard.hear(model, telephone[:1], 1)
    second = heard.hear(model, telephone, 1)
    assert second[:1] == first
    assert loaded == ["1.flac", "2.flac"]
    assert (first[0].score is None) == bool(first[0].outside)


def test_the_card_begins_with_whom_the_model_wrongs(manifest: SoundManifest) -> None:
    assert manifest.calibration is not None
    suspicious = manifest.calibration.threshold + 0.01
    certain = manifest.calibration.strict_threshold + 0.01
    entries = [
        *(ScoredTrial(each, AS_IT_IS, -2.0, "") for each in RECORDED),
        *(
            ScoredTrial(each, FORWARDED, suspicious if number % 10 == 0 else -2.0, "")
            for number, each in enumerate(RECORDED)
        ),
        ScoredTrial(RECORDED[0], "phone: memo", certain, ""),
        *(ScoredTrial(each, AS_IT_IS, certain, "") for each in SYNTHETIC if each.family == "system 1"),
        *(ScoredTrial(each, AS_IT_IS, None, "too narrow a band") for each in SYNTHETIC if each.family == "system 2"),
        *(ScoredTrial(each, AS_IT_IS, -1.0, "") for each in SYNTHETIC if each.family == "system 3"),
    ]
    fails, _, rest = published_card.text(entries, manifest, 3).partition("## Measured")
    assert f"`{RECORDED[0].name}` ({RECORDED[0].person}), a recording, is `LikelyFake`, phone: memo." in fails
    assert f"recordings, {FORWARDED}**: 10.0 %" in fails
    assert (
        "no clip is found of 1 systems (clips as they are, and sent): system 3 (16)." in fails
    )  # of system 2 nothing was judged
    assert "| synthetic clips that are `LikelyFake`, of all | 33.3 %" in rest
    assert "| systems of which no clip is found | 2 of 3 |" in rest
    assert f"| highest score of a recording, as it is or sent | {certain:.3f} |" in rest


def test_doubles_and_whom_the_model_knows_from_packages_are_told_first_and_count_nowhere(
    manifest: SoundManifest,
) -> None:
    assert manifest.calibration is not None
    certain = manifest.calibration.strict_threshold + 0.01
    new = [ScoredTrial(each, AS_IT_IS, -2.0, "") for each in CLIPS]
    known = [clip(300, "people/3", speaker="LJ"), *(clip(310 + n, "pyannote/pyannote-audio") for n in range(3))]
    heard_too = [*new, *(ScoredTrial(each, way, certain, "") for each in known for way in (AS_IT_IS, FORWARDED))]
    with_them, without = (published_card.text(entries, manifest, 3) for entries in (heard_too, new))
    assert (
        "Left out are 3 recordings that are the sound of another one, and 4 recordings of 4 people whom the model "
        "knows. Judged nevertheless, as they are and sent, 8 of 8 in the domain would be `LikelyFake`, and 8"
    ) in with_them.partition("## What fails")[0]
    highest = "| highest score of a recording, as it is or sent |"
    assert [line for line in with_them.splitlines() if "Left out are" not in line and highest not in line] == [
        line for line in without.splitlines() if "Left out are" not in line and highest not in line
    ]
    assert f"{highest} {certain:.3f} |" in with_them


def test_a_system_that_ends_in_a_vocoder_of_the_packages_has_a_relative_there() -> None:
    related = [published_card.relative(replace(CLIPS[0], lineage=name)) for name in ("glow-tts + HiFi-GAN", "encodec")]
    assert related == ["a part that it learned from", "no such part"]
