from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_analyzer.domain import Conditions, Limits
from ml.voice.data.corpus import Clip
from ml.voice.data.splits import FOLDS, Fold
from ml.voice.evaluate import card, judging, tables

_LIMITS = Limits(min_snr_db=25, min_bandwidth_hz=5000, min_speech_seconds=2)
_GOOD = Conditions(snr_db=40, bandwidth_hz=7000, speech_seconds=3, clipped=0)


def _row(score: float, *conditions: Conditions, **changed: Any) -> judging.ScoredClip:
    fields: dict[str, Any] = {
        "path": Path("clip.wav"),
        "sha256": "0",
        "base": "b",
        "source": "prompts",
        "speaker": "Allison",
        "language": "en",
        "label": "recorded",
        "family": "recorded",
        "kind": "recorded",
        "channel": "clean",
        "history": "none",
        "style": "sentences",
        "fold": 0,
    }
    windows = tuple(judging.WindowScore(score, condition) for condition in conditions or (_GOOD,))
    return judging.ScoredClip(Clip(**{**fields, **changed}), windows)


def _fake(score: float, family: str = "piper", fold: Fold = 0) -> judging.ScoredClip:
    named = {"family": family, "source": family, "speaker": f"{family}:a"}
    return _row(score, label="synthetic", kind="neural", fold=fold, **named)


def _corpus() -> list[judging.ScoredClip]:
    random = np.random.default_rng(1)
    rows = []
    for fold in FOLDS:
        rows += [_row(float(x), fold=fold, speaker=f"{fold}{i % 7}") for i, x in enumerate(random.normal(-1, 1, 100))]
        rows += [_fake(float(x), fold=fold) for x in random.normal(4, 1, 60)]
    return rows


def _recorded(rows: list[judging.ScoredClip]) -> np.ndarray[Any, Any]:
    return np.array([row.raw for row in rows if row.clip.label == "recorded"])


@pytest.mark.parametrize(
    "outside",
    [
        Conditions(24.9, 7000, 3, 0),
        Conditions(40, 4000, 3, 0),
        Conditions(40, 7000, 1.9, 0),
        Conditions(40, 7000, 3, 0.01),
    ],
    ids=["noise", "telephone", "short", "clipped"],
)
def test_a_clip_outside_the_domain_sets_no_threshold_and_is_not_judged(outside: Conditions) -> None:
    rows = _corpus()
    noisy = [_row(100, outside) for _ in range(50)]
    assert judging.calibrate(rows + noisy, _LIMITS) == judging.calibrate(rows, _LIMITS)
    assert len(judging.judge(rows + noisy, _LIMITS)) == len(rows)
    assert len(judging.judge([*rows, _row(100, outside, _GOOD)], _LIMITS)) == len(rows) + 1


def test_a_clip_is_judged_by_its_windows_in_the_domain_only() -> None:
    row = judging.ScoredClip(
        _row(0).clip,
        (judging.WindowScore(2, _GOOD), judging.WindowScore(4, _GOOD), judging.WindowScore(90, Conditions(3, 0, 0, 0))),
    )
    assert (row.score(_LIMITS), row.raw) == (3, 32)


def test_one_percent_of_the_recorded_clips_reach_the_threshold_and_none_the_strict_one() -> None:
    rows = _corpus()
    calibration = judging.calibrate(rows, _LIMITS)
    recorded = _recorded(rows)
    assert (recorded >= calibration.threshold).mean() == 0.01
    beyond = (calibration.strict - recorded.max()) / (recorded.max() - np.median(recorded))
    assert beyond == pytest.approx(judging.MARGIN)
    assert calibration.reference[0] == recorded.min()


def test_what_ships_lies_above_people_after_a_messenger_and_above_the_corpus() -> None:
    calibration = judging.calibrate(_corpus(), _LIMITS)
    median = calibration.reference[10]
    assert calibration.strict < judging.HIGHEST_SENT
    assert judging.shipped_strict(calibration) == judging.beyond(judging.HIGHEST_SENT, median)
    louder = judging.calibrate([*_corpus(), _row(9, fold=0)], _LIMITS)
    assert judging.shipped_strict(louder) == louder.strict > 9


def test_the_card_says_that_another_threshold_ships() -> None:
    run = card.Run(seed=7, model="m", model_sha256="ab" * 32, digest="cd" * 32, about="About.", strict=8.5)
    page = card.text(_corpus(), run, _LIMITS)
    assert "**The model ships with another threshold of `LikelyFake`, 8.500.**" in page.partition("## What fails")[0]
    assert "`LikelyFake` from 8.5000, slope" in page
    assert "ships with another" not in card.text(_corpus(), replace(run, strict=None), _LIMITS)


def test_no_clip_influences_the_threshold_that_judges_it() -> None:
    rows = _corpus()
    changed = [_row(100, fold=0) if row.clip.fold == 0 and row.clip.label == "recorded" else row for row in rows]
    before, after = (
        {clip.calibration for clip in judging.judge(variant, _LIMITS) if clip.clip.fold == 0}
        for variant in (rows, changed)
    )
    assert len(before) == 1
    assert before == after
    assert all(clip.accused for clip in judging.judge(changed, _LIMITS) if clip.score == 100)


def test_an_attack_that_is_missed_is_listed() -> None:
    rows = _corpus() + [_fake(-3, "quiet-one") for _ in range(10)]
    lines = tables.failures(judging.judge(rows, _LIMITS))
    assert lines == ["- **quiet-one**: 100.0 % of 10 clips are not `LikelyFake`."]


def test_a_source_and_a_channel_that_are_accused_are_listed() -> None:
    rows = _corpus() + [_row(50, source="letters", channel="mp3") for _ in range(9)]
    lines = tables.failures(judging.judge(rows, _LIMITS))
    assert "- source **letters**: 100.0 % of 9 recorded clips: LikelyFake." in lines
    assert "- channel **mp3**: 100.0 % of 9 recorded clips: LikelyFake." in lines


def test_the_card_marks_a_bar_that_is_missed() -> None:
    run = card.Run(seed=7, model="m", model_sha256="ab" * 32, digest="cd" * 32, about="About.")
    good = card.text(_corpus(), run, _LIMITS)
    assert "| EER on neural speech, piper and hibari, every clip | " in good
    assert "**missed**" not in good
    blind = [_fake(-9, fold=row.clip.fold) if row.clip.label == "synthetic" else row for row in _corpus()]
    bad = card.text(blind, run, _LIMITS)
    assert "| synthetic clips that are `LikelyFake`, in the domain | 0.0 % | 50 % or more | **missed** |" in bad
    assert bad.index("## What fails") < bad.index("## Errors")


def test_every_recorded_window_is_in_one_bucket_of_noise_and_bandwidth() -> None:
    rows = [_row(2.0, Conditions(snr, band, 3, 0)) for snr in (-3, 9, 30, 100) for band in (0, 3999, 4000, 8000)]
    *_, last = tables.buckets(rows, 1.0)
    assert last == "| 35 to 200 dB | 100.0 % of 2 | 100.0 % of 1 |  |  | 100.0 % of 1 | 100.0 % of 4 |"


def test_scores_come_back_window_by_window() -> None:
    clip = _row(0).clip
    numbers = {"score0": 1.0, "snr_db0": 30.0, "bandwidth_hz0": 7000.0, "speech_seconds0": 3.0, "clipped0": 0.0}
    (row,) = judging.scored_clips([clip], {clip.sha256: numbers})
    assert row.windows == (judging.WindowScore(1.0, Conditions(30.0, 7000.0, 3.0, 0.0)),)
    (silent,) = judging.scored_clips([clip], {clip.sha256: {}})
    assert (silent.raw, silent.score(_LIMITS)) == (None, None)
