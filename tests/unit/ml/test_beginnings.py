"""Beginnings of calls are counted as the product judges them, and the card says what was counted."""

from __future__ import annotations

import json

import pytest

from context_analyzer.classifier.judging import doubt_of
from context_analyzer.classifier.text import KOREAN
from context_analyzer.classifier.weights import load_weights
from ml.context.early import accused, judged, table
from ml.context.evaluate import MEASURED, TARGET
from ml.context.unseen import PARTS, answer, unseen


def test_the_card_says_what_was_counted() -> None:
    found = json.loads(MEASURED.read_text(encoding="utf-8"))["early"]
    assert table(found) in TARGET.read_text(encoding="utf-8"), "run `python -m ml.context.evaluate`"


@pytest.mark.parametrize("part", ["30 s", "300 characters", "whole"])
def test_a_beginning_is_counted_as_it_is_judged(part: str) -> None:
    weights = load_weights(KOREAN)
    for call in unseen("second"):
        turns = PARTS[part](call)
        one = judged(turns, call.kind, part, weights)
        said = answer(turns)
        assert accused(one, lambda letters: doubt_of(letters, KOREAN), weights.manifest) == (
            said.classifier,
            said.joined,
        )
