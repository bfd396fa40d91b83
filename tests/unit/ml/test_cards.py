"""The prose of the cards in docs/cards is what the writers write now: changed words need no new measurement."""

from __future__ import annotations

import pytest

from guardian_models.folder import read_manifest
from guardian_models.manifest import SoundManifest
from ml.common.paths import repo_root
from ml.genuine import card as genuine
from ml.splices.card import INTRODUCTION
from ml.video.card import READING
from ml.voice.evaluate import changed, joined_card, published_card
from ml.voice.evaluate.__main__ import ABOUT
from ml.voice.evaluate.card import LIMITS
from ml.voice.train import fitting, wideband


@pytest.mark.parametrize(
    ("card", "prose"),
    [
        *((model, text) for model in ABOUT for text in (ABOUT[model], LIMITS)),
        *(
            ("voice-texture-published", text)
            for text in (published_card.ABOUT, published_card.CONCLUDE, published_card.GAPS)
        ),
        *(
            ("voice-wideband", text)
            for text in (
                *(changed.INTRODUCTION, changed.MADE_AGAIN),
                *(joined_card.ABOUT, joined_card.CONCLUDE, joined_card.WAYS, joined_card.GAPS),
            )
        ),
        ("video", READING),
        ("splices", INTRODUCTION.format(seed=1)),
        ("genuine", genuine.INTRODUCTION),
        ("genuine", genuine.LIMITS),
    ],
)
def test_a_card_has_the_prose_of_its_writer(card: str, prose: str) -> None:
    assert prose.rstrip() in (repo_root() / "docs" / "cards" / f"{card}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("card", "model"),
    [
        ("voice-texture", fitting.ID),
        ("voice-texture-published", fitting.ID),
        ("voice-wideband", wideband.ID),
    ],
)
def test_a_card_is_about_the_model_that_ships_and_states_its_thresholds(card: str, model: str) -> None:
    manifest = read_manifest(fitting.OWN_MODELS, model, SoundManifest)
    text = (repo_root() / "docs" / "cards" / f"{card}.md").read_text(encoding="utf-8")
    assert f"`{manifest.sha256[:12]}`" in text
    assert manifest.calibration is not None
    for value in (manifest.calibration.threshold, manifest.calibration.strict_threshold):
        assert f"{value:.3f}" in text or f"{value:.2f}" in text
