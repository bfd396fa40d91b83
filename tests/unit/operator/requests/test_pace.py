"""When writes that can wait are made."""

from __future__ import annotations

import pytest

from analysis_operator.requests.pace import Pace


def test_a_few_go_at_once_and_the_others_in_turn() -> None:
    pace = Pace(rate=5, burst=3)
    assert [pace.reserve(100.0) for _ in range(6)] == pytest.approx([100, 100, 100, 100.2, 100.4, 100.6])


def test_after_a_rest_a_few_go_at_once_again() -> None:
    pace = Pace(rate=5, burst=3)
    for _ in range(10):
        pace.reserve(100.0)
    assert [pace.reserve(200.0) for _ in range(4)] == pytest.approx([200, 200, 200, 200.2])


def test_what_comes_more_slowly_than_the_rate_never_waits() -> None:
    pace = Pace(rate=5, burst=1)
    times = [100 + number * 0.25 for number in range(20)]
    assert [pace.reserve(time) for time in times] == pytest.approx(times)
