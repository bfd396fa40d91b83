"""The card of the wideband model: what changed comes first, and whom the judging network knew counts nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian_models.folder import read_manifest
from guardian_models.manifest import SoundManifest
from ml.voice.data import sent
from ml.voice.evaluate import changed, joined_card
from ml.voice.train import fitting, wideband
from ml.voice.train.joining import Judged
from tests.unit.ml.test_published import CLIPS, clip

RECORDED = [each for each in CLIPS if not each.synthetic]
SYNTHETIC = [each for each in CLIPS if each.synthetic]
KNOWN = [
    *(clip(300 + number, "people/3", speaker="LJ") for number in range(4)),
    *(clip(310 + number, "pyannote/pyannote-audio", speaker=f"ami-{number}") for number in range(3)),
]


@pytest.fixture
def manifest() -> SoundManifest:
    return read_manifest(fitting.OWN_MODELS, wideband.ID, SoundManifest)


@pytest.fixture
def tried() -> list[Judged]:
    """One recording in thirty and one synthetic clip in four are accused, and everybody whom a network knew."""
    return [
        *(Judged(each, -2.0, 0.1, number % 30 == 0, number % 30 == 0) for number, each in enumerate(RECORDED)),
        *(Judged(each, -2.0, 0.1, False, False, "opus16") for each in RECORDED),
        *(Judged(each, 1.0, 0.7, number % 4 == 0, number % 4 == 0) for number, each in enumerate(SYNTHETIC)),
        *(Judged(each, 9.0, 0.9, True, True, way, met=True) for each in KNOWN for way in (sent.AS_RECORDED, "opus16")),
    ]


def run(manifest: SoundManifest, networks: str) -> changed.Run:
    assert manifest.calibration is not None
    doubles = [clip(500 + number, "people/5") for number in range(7)]
    telephone = replace(clip(600, "people/6"), rate=8000)
    once = [*CLIPS, *KNOWN, telephone]
    refitted = manifest.calibration.model_copy(update={"threshold": 2.25, "strict_threshold": 3.75})
    return changed.Run(manifest, networks, refitted, [*once, *doubles], once)


def test_the_card_says_first_how_many_doubles_there_were_and_whom_the_networks_knew(
    manifest: SoundManifest, tried: list[Judged]
) -> None:
    card = joined_card.text(run(manifest, "other"), CLIPS, tried)
    first = card.partition("## What changed")[2].partition("\n## ")[0]
    assert "Of 104 recordings 7 are the sound of another one" in first
    assert "7 recordings in the domain, and 7 copies of them, are left out" in first
    assert "by another name: LJ (4);" in first
    assert "a package of their repository: pyannote/pyannote-audio (3)." in first
    assert "of recordings and copies 14 would be `LikelyFake`" in first
    assert "cannot be asked again" in first
    assert "| synthetic clips that are `LikelyFake`, of all | 22.1 % | 19.7 % | 25.0 % (16.8 to 35.5) |" in first
    assert "| recordings that are `LikelyFake`, only `Suspicious` | 0, 0 of 740 | 0, 0 of 740 | 3, 0 of 90 |" in first
    assert "| `Suspicious` from, `LikelyFake` from, all folds | 2.61, 2.91 | 2.89, 3.48 | 2.25, 3.75 |" in first
    assert card.index("## What changed") < card.index("## What fails") < card.index("## Measured")


def test_whom_a_network_knew_is_in_no_figure(manifest: SoundManifest, tried: list[Judged]) -> None:
    new = [each for each in tried if not each.met]
    with_them, without = (joined_card.text(run(manifest, "other"), CLIPS, group) for group in (tried, new))
    assert with_them.partition("## What fails")[2] == without.partition("## What fails")[2]


def test_where_the_networks_that_ship_are_those_that_judge_nothing_is_said_of_others(
    manifest: SoundManifest, tried: list[Judged]
) -> None:
    assert "cannot be asked again" not in joined_card.text(run(manifest, manifest.source.sha256), CLIPS, tried)


def test_recordings_that_are_accused_and_systems_that_are_never_found_are_what_fails(
    manifest: SoundManifest, tried: list[Judged]
) -> None:
    silent = [each for each in tried if each.clip.family != "system 2"]
    silent += [replace(each, suspected=False, accused=False) for each in tried if each.clip.family == "system 2"]
    fails = joined_card.text(run(manifest, "other"), CLIPS, silent).partition("## What fails")[2].partition("\n## ")[0]
    assert f"`{RECORDED[30].name}` ({RECORDED[30].repository}), a recording, is `LikelyFake`, as recorded." in fails
    assert "no clip is found of 1 systems: system 2 (16)." in fails
