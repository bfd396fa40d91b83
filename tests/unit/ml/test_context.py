"""The measured part of docs/cards/context.md is what is measured now, and its arithmetic."""

from __future__ import annotations

import pytest

from ml.common.metrics import wilson
from ml.context.__main__ import TARGET
from ml.context.card import card, judge, tokens
from ml.context.scripts import load_calls


def test_the_card_is_up_to_date() -> None:
    measured = card([judge(call) for call in load_calls()])
    assert measured in TARGET.read_text(encoding="utf-8"), "run `python -m ml.context` and commit the result"


def test_there_are_ten_of_each_class_in_each_language_and_hard_ones() -> None:
    for language in ("en-US", "ko-KR"):
        for scam in (True, False):
            some = [call for call in load_calls() if (call.language, call.scam) == (language, scam)]
            assert sum(call.split != "hard" for call in some) == 10
            assert sum(call.split == "hard" for call in some) == 6


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(5, 5, 0.566, 1.0), (0, 5, 0.0, 0.434), (3, 6, 0.188, 0.812), (0, 0, 0.0, 1.0)]
)
def test_wilsons_interval(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=0.001)


def test_a_korean_syllable_is_more_than_a_latin_letter() -> None:
    assert tokens("가" * 30) > tokens("a" * 30)
