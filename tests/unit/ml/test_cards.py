"""The prose of the cards in docs/cards is what the writers write now: changed words need no new measurement."""

from __future__ import annotations

import pytest

from ml.common.paths import repo_root
from ml.genuine import card as genuine
from ml.splices.card import INTRODUCTION
from ml.video.card import READING
from ml.voice.evaluate import published_card
from ml.voice.evaluate.__main__ import ABOUT
from ml.voice.evaluate.card import LIMITS


@pytest.mark.parametrize(
    ("card", "prose"),
    [
        *((model, text) for model in ABOUT for text in (ABOUT[model], LIMITS)),
        *(
            ("voice-texture-published", text)
            for text in (published_card.ABOUT, published_card.CONCLUDE, published_card.GAPS)
        ),
        ("video", READING),
        ("splices", INTRODUCTION.format(seed=1)),
        ("genuine", genuine.INTRODUCTION),
        ("genuine", genuine.LIMITS),
    ],
)
def test_a_card_has_the_prose_of_its_writer(card: str, prose: str) -> None:
    assert prose.rstrip() in (repo_root() / "docs" / "cards" / f"{card}.md").read_text(encoding="utf-8")
