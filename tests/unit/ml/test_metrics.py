import numpy as np
import pytest

from ml.common import metrics

_RNG = np.random.default_rng(1)


def _scores(*values: float) -> metrics.Scores:
    return np.array(values, np.float64)


def test_classes_that_do_not_overlap_have_no_error() -> None:
    recorded, synthetic = _scores(-3, -2, -1), _scores(1, 2, 3)
    assert metrics.auc(recorded, synthetic) == 1
    assert metrics.eer(recorded, synthetic) == 0
    assert metrics.eer(synthetic, recorded) == 1


def test_equal_classes_are_separated_by_chance() -> None:
    same = _RNG.normal(size=400)
    assert metrics.auc(same, same) == pytest.approx(0.5)
    assert metrics.eer(same, same) == pytest.approx(0.5, abs=0.01)


def test_ties_count_half() -> None:
    assert metrics.auc(_scores(1, 1), _scores(1, 1)) == 0.5
    assert metrics.auc(_scores(0, 1), _scores(1, 2)) == (1 + 1 + 0.5 + 1) / 4


def test_one_of_four_on_the_wrong_side_in_both_classes_is_an_equal_error_rate_of_a_quarter() -> None:
    assert metrics.eer(_scores(0, 0.1, 0.2, 0.9), _scores(0.3, 0.8, 1, 1.1)) == pytest.approx(0.25)


def test_two_normal_classes_have_the_error_of_theory() -> None:
    recorded, synthetic = _RNG.normal(0, 1, 20_000), _RNG.normal(2, 1, 20_000)
    assert metrics.eer(recorded, synthetic) == pytest.approx(0.1587, abs=0.006)  # Phi(-1)
    assert metrics.auc(recorded, synthetic) == pytest.approx(0.9214, abs=0.004)  # Phi(2 / sqrt 2)


@pytest.mark.parametrize(("allowed", "reached"), [(0.05, 5), (0.01, 1), (0.0, 0), (0.049, 4)])
def test_a_threshold_is_reached_by_the_share_allowed_and_no_more(allowed: float, reached: int) -> None:
    recorded = _RNG.permutation(100).astype(np.float64)
    threshold = metrics.threshold_at(recorded, allowed)
    assert (recorded >= threshold).sum() == reached
    assert (recorded >= np.floor(threshold)).sum() == reached + 1, "a lower threshold would do"


def test_recorded_clips_of_equal_score_are_not_accused() -> None:
    assert metrics.share_at(np.ones(100), metrics.threshold_at(np.ones(100), 0.05)) == 0


def test_detection_is_measured_at_the_threshold_of_the_recorded_clips() -> None:
    recorded, synthetic = np.arange(100.0), _scores(50, 94, 95, 200)
    assert metrics.detection_at(0.05)(recorded, synthetic) == 0.5


def test_an_interval_narrows_with_the_root_of_the_number_of_clips() -> None:
    def width(count: int) -> float:
        random = np.random.default_rng(2)
        got = metrics.bootstrap(metrics.auc, random.normal(size=count), random.normal(1, 1, count), seed=3)
        return got.high - got.low

    assert width(100) / width(1600) == pytest.approx(4, rel=0.3)


def test_clips_of_one_speaker_that_are_alike_do_not_narrow_an_interval() -> None:
    recorded = np.repeat(_RNG.normal(size=8), 50)
    synthetic = np.repeat(_RNG.normal(1, 1, 8), 50)
    speakers = [str(i // 50) for i in range(400)]
    single = metrics.bootstrap(metrics.auc, recorded, synthetic, seed=1)
    clustered = metrics.bootstrap(metrics.auc, recorded, synthetic, (speakers, speakers), seed=1)
    assert clustered.high - clustered.low > 3 * (single.high - single.low)


def test_a_bootstrap_is_the_same_for_one_seed() -> None:
    recorded, synthetic = _RNG.normal(size=50), _RNG.normal(size=50)
    first = metrics.bootstrap(metrics.auc, recorded, synthetic, seed=5)
    assert first == metrics.bootstrap(metrics.auc, recorded, synthetic, seed=5)
    assert first != metrics.bootstrap(metrics.auc, recorded, synthetic, seed=6)


def test_platt_finds_the_logistic_function_behind_two_normal_classes() -> None:
    # N(-1, 1) and N(2, 1) have the log odds 3 x - 1.5; nine times as many of one class change nothing.
    slope, intercept = metrics.platt(_RNG.normal(-1, 1, 90_000), _RNG.normal(2, 1, 10_000))
    assert slope == pytest.approx(3, rel=0.05)
    assert intercept == pytest.approx(-1.5, rel=0.08)


def test_platt_stays_finite_when_the_classes_do_not_overlap() -> None:
    slope, intercept = metrics.platt(_scores(-3, -2, -2.5), _scores(2, 3, 2.5))
    assert 0 < slope < 100
    assert np.isfinite(intercept)


def test_probabilities_that_are_right_are_shown_as_right() -> None:
    recorded, synthetic = _RNG.normal(-1, 1, 20_000), _RNG.normal(1, 1, 2_000)
    bins = metrics.reliability(metrics.probability(recorded, 2, 0), metrics.probability(synthetic, 2, 0))
    assert sum(entry.count for entry in bins) == 22_000
    assert len(bins) == 10
    assert all(entry.observed == pytest.approx(entry.predicted, abs=0.06) for entry in bins)


def test_probabilities_that_are_too_bold_are_shown_as_too_bold() -> None:
    recorded, synthetic = _RNG.normal(-1, 1, 5_000), _RNG.normal(1, 1, 5_000)
    bold = metrics.reliability(metrics.probability(recorded, 8, 0), metrics.probability(synthetic, 8, 0))
    assert bold[-1].observed < bold[-1].predicted - 0.03
