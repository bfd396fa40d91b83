"""What the catalogue says of published weights is what their cards say."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian_models.catalogue import PUBLISHED, Published

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("published", [each for each in PUBLISHED if each.calibration], ids=lambda each: each.id)
def test_a_calibration_is_that_of_the_evaluation_card(published: Published) -> None:
    assert published.eval_card
    told = (ROOT / published.eval_card).read_text("utf-8")
    calibration = published.calibration
    assert calibration
    assert (
        f"`Suspicious` from {calibration.threshold:.4f}, `LikelyFake` from {calibration.strict_threshold:.4f}" in told
    )
    assert f"slope {calibration.slope:.4f}, intercept {calibration.intercept:.4f}" in told
    assert ", ".join(f"{value:.3f}" for value in calibration.reference) in told
    assert f"`{published.id}`" in told
