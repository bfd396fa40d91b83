from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import card, report
from evaluation.corpus import Clip
from evaluation.measures import Measures

_DOMAIN = card.Domain(min_snr_db=30, min_bandwidth_hz=5000, min_active_seconds=2, max_clipped=0.001)
_GOOD = Measures(snr_db=50, bandwidth_hz=7000, active_seconds=5, clipped=0)


def _row(score: float, measured: Measures = _GOOD, **changed: Any) -> card.Row:
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
        "split": "test",
    }
    return card.Row(Clip(**{**fields, **changed}), score, measured)


def _fake(score: float, family: str = "piper", split: str = "test", measured: Measures = _GOOD) -> card.Row:
    return _row(
        score,
        measured,
        label="synthetic",
        family=family,
        kind="neural",
        source=family,
        speaker=f"{family}:a",
        split=split,
    )


def _corpus() -> list[card.Row]:
    random = np.random.default_rng(1)
    rows = []
    for split in ("train", "calibration", "test"):
        rows += [
            _row(float(x), split=split, speaker=f"{split}{i % 7}") for i, x in enumerate(random.normal(-1, 1, 100))
        ]
        rows += [_fake(float(x), split=split) for x in random.normal(2, 1, 60)]
    return rows


@pytest.mark.parametrize(
    "outside",
    [
        Measures(29.9, 7000, 5, 0),
        Measures(50, 4000, 5, 0),
        Measures(50, 7000, 1.9, 0),
        Measures(50, 7000, 5, 0.01),
    ],
    ids=["noise", "telephone", "short", "clipped"],
)
def test_what_is_outside_the_domain_does_not_set_the_threshold(outside: Measures) -> None:
    assert _DOMAIN.holds(_GOOD)
    assert not _DOMAIN.holds(outside)
    rows = _corpus()
    noisy = [_row(100, outside, split="calibration") for _ in range(50)]
    assert card.calibrate(rows + noisy, _DOMAIN) == card.calibrate(rows, _DOMAIN)


def test_the_threshold_comes_from_the_calibration_split_alone() -> None:
    rows = _corpus()
    others = [_row(100, split=split) for split in ("train", "test") for _ in range(50)]
    calibration = card.calibrate(rows + others, _DOMAIN)
    recorded = card.of_label((row for row in rows if row.clip.split == "calibration"), "recorded")
    assert (recorded >= calibration.threshold).mean() == 0.05
    assert (recorded >= calibration.strict).mean() == 0.01
    assert calibration.reference[0] == recorded.min()
    assert calibration.reference[10] == np.median(recorded)


def test_an_attack_that_is_missed_is_told() -> None:
    rows = _corpus() + [_fake(-3, "quiet-one") for _ in range(10)]
    (line,) = card.failures(rows, _DOMAIN, 1.0)
    assert line == "- **quiet-one**: 100.0 % of 10 clips missed."


def test_a_source_and_a_channel_that_are_accused_are_told() -> None:
    rows = [_row(-1) for _ in range(200)] + [_row(5, source="letters", channel="mp3") for _ in range(9)]
    assert card.failures(rows, _DOMAIN, 1.0) == [
        "- source **letters**: 100.0 % of 9 recorded clips accused.",
        "- channel **mp3**: 100.0 % of 9 recorded clips accused.",
    ]


def test_the_card_says_of_a_bar_that_it_is_missed() -> None:
    run = report.Run(seed=7, model="m", model_sha256="ab" * 32, digest="cd" * 32)
    good = report.text(_corpus(), run, _DOMAIN)
    assert "| EER on neural speech, every channel | " in good
    assert good.count("| met |") >= 3
    blind = [_fake(-9, split=row.clip.split) if row.clip.label == "synthetic" else row for row in _corpus()]
    bad = report.text(blind, run, _DOMAIN)
    assert "| synthetic clips caught, in the domain | 0.0 % | 50 % or more | **missed** |" in bad
    assert bad.index("## What fails") < bad.index("## Errors")


def test_every_recorded_clip_is_in_one_bucket_of_noise_and_bandwidth() -> None:
    rows = [_row(2.0, Measures(snr, band, 3, 0)) for snr in (0, 14.9, 15, 100) for band in (0, 3999, 4000, 8000)]
    *_, last = card.buckets(rows, 1.0)
    assert last == "| 45 to 100 dB | 100.0 % of 2 | 100.0 % of 1 |  | 100.0 % of 1 | 100.0 % of 4 |"
