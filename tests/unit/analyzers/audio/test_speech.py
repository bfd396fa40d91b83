"""The detector of synthetic voices: which windows it hears, in what sound it may speak, and what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Verdict
from analyzer_kit.detector import deciding_summary
from audio_analyzer.calibrated import claim_of
from audio_analyzer.detectors.speech import SyntheticSpeech
from audio_analyzer.domain import Conditions, Limits, measure, why_outside
from audio_analyzer.levels import LevelMeter, sound_frames
from audio_analyzer.windows import plan_windows
from guardian_models.manifest import Calibration
from guardian_models.runtime import Answer, Model
from tests.support.analyzers.audio_readings import detected
from tests.support.analyzers.listener import CALIBRATION, RATE, SAMPLES, babble, listener, manifest_of, offset

Samples = NDArray[np.float32]
MODEL = listener()


def speech_in(samples: Samples) -> NDArray[np.bool_]:
    meter = LevelMeter()
    meter.add(samples)
    return meter.result().sound()


def detector(**changes: Any) -> SyntheticSpeech:
    """A detector that takes what is loud for speech: the network that hears voices is not taken in by this babble."""
    return SyntheticSpeech(Model(manifest_of(MODEL, **changes), MODEL), speech=sound_frames)


def examined(samples: Samples, **changes: Any) -> DetectorReport:
    return detected(detector(**changes), samples)


def summary(verdict: Verdict, report: DetectorReport) -> str:
    return deciding_summary([(detector(), report)], verdict)


def voice(seconds: float = 12, score: float = 0, **how: Any) -> Samples:
    return babble(seconds, **{"highest_hz": 6500, **how}) + offset(score)


def with_score(samples: Samples, score: float, start: float, end: float) -> Samples:
    changed = samples.copy()
    changed[int(start * RATE) : int(end * RATE)] += offset(score)
    return changed


@pytest.mark.parametrize(
    ("score", "changes", "how", "claim", "reason"),
    [
        (4, {}, {}, Verdict.LIKELY_FAKE, ""),
        (2, {}, {}, Verdict.SUSPICIOUS, ""),
        (0, {}, {}, Verdict.NO_EVIDENCE, ""),
        (4, {}, {"noise": 0.01}, Verdict.INCONCLUSIVE, "too noisy: 14 dB; measured from 20 dB up"),
        (4, {}, {"highest_hz": 2500}, Verdict.INCONCLUSIVE, "too narrow a band"),
        (4, {"domain": None}, {"highest_hz": 2500}, Verdict.INCONCLUSIVE, "measured from 5000 Hz up"),
    ],
)
def test_what_follows_from_a_score_depends_on_what_was_measured(
    score: float, changes: dict[str, Any], how: dict[str, Any], claim: Verdict, reason: str
) -> None:
    found = examined(voice(score=score, **how), **changes)
    assert found.claim is claim
    evident = claim in {Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE}
    assert (found.score >= 50) is evident
    assert bool(found.findings) is evident
    if claim is Verdict.INCONCLUSIVE:
        assert (found.score, found.timeline) == (0, [])
        assert reason in found.limitations[0]
        assert reason in summary(claim, found)


@pytest.mark.parametrize("missing", ["calibration", "evalCard"])
def test_a_model_that_was_not_measured_claims_nothing_and_its_raw_answer_is_told(missing: str) -> None:
    found = examined(voice(score=4), **{missing: None})
    assert (found.claim, found.score, found.findings) == (None, 0, [])
    assert "Nothing can be concluded" not in detector().summary(found)
    assert "not calibrated, or its evaluation has no card. What it said, raw: 4.0" in found.limitations[0]


def test_what_is_too_soft_or_too_loud_for_the_model_is_brought_to_its_level() -> None:
    wanted = {"input": manifest_of(MODEL).input.model_copy(update={"speech_level_dbfs": -26.0})}
    soft, loud = voice(score=2) * np.float32(0.5), voice(score=2) * np.float32(1.5)
    assert examined(soft, **wanted).score == pytest.approx(examined(loud, **wanted).score, abs=2)
    assert examined(soft).score < examined(loud).score - 10  # of what is heard as it is


def test_the_report_names_the_model_its_card_and_where_the_score_lies_among_recorded_voices() -> None:
    report = examined(voice(score=0))
    assert (report.model.id, report.model.eval_card) == ("listener", "docs/cards/voice-texture.md")
    assert report.model.sha256 == manifest_of(MODEL).sha256
    assert report.reference_percentile == pytest.approx(75, abs=1)  # the reference goes from -3 to 1
    assert report.score == 27  # 1 / (1 + e)
    assert "the speech" in report.limitations[0]
    assert any("docs/cards/voice-texture.md" in each for each in report.limitations)


def test_the_windows_that_sound_synthetic_are_told_with_their_stretch_of_time() -> None:
    report = examined(with_score(voice(20), 6, 6, 14))
    assert report.claim is Verdict.SUSPICIOUS
    assert report.findings
    for finding in report.findings:
        assert 5 <= finding.start_seconds < finding.end_seconds <= 15
    high = [point for point in report.timeline if point.score >= 50]
    assert high
    assert all(point.start_seconds >= 5 and point.end_seconds <= 15 for point in high)
    assert len(high) < len(report.timeline)


def test_a_stretch_in_a_long_recording_is_suspicious_and_a_single_window_is_chance() -> None:
    long = voice(60)  # the first pass hears seven windows, one of them from 29 s to 31 s
    stretch = examined(with_score(long, 4, 27, 33))
    assert stretch.claim is Verdict.SUSPICIOUS
    assert [(each.start_seconds, each.end_seconds) for each in stretch.findings] == [(27, 33)]
    single = examined(with_score(long, 4, 29, 31))
    assert (single.claim, single.findings) == (Verdict.NO_EVIDENCE, [])


class Asked(Model):
    """Counts how often the network is run."""

    runs = 0

    def run(self, window: Samples) -> Answer:
        self.runs += 1
        return super().run(window)


@pytest.mark.parametrize(("how", "runs"), [({}, 1), ({"highest_hz": 2500}, 0)])
def test_a_model_is_not_run_on_sound_outside_of_its_domain(how: dict[str, Any], runs: int) -> None:
    model = Asked(manifest_of(MODEL), MODEL)
    report = detected(SyntheticSpeech(model, speech=sound_frames), voice(1.9, **how))
    assert model.runs == runs
    assert any("The model heard" in each for each in report.limitations) is bool(runs)


def test_noisy_windows_are_left_out_and_the_others_still_count() -> None:
    clean, noisy = voice(10), voice(10, score=20, noise=0.01)
    found = examined(np.concatenate([clean, noisy]))
    assert found.claim is Verdict.NO_EVIDENCE
    assert any("were left out: too noisy" in each for each in found.limitations)
    assert all(point.end_seconds <= 11 for point in found.timeline)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(5 * RATE, np.float32),
        np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32),
        (0.1 * np.sin(np.arange(5 * RATE) / 6)).astype(np.float32),
        voice(0.8),
        np.zeros(0, np.float32),
    ],
)
def test_without_speech_nothing_is_heard_and_nothing_is_held_against_the_recording(samples: Samples) -> None:
    found = examined(samples)
    assert (found.claim, found.score) == (None, 0)
    assert "Nothing can be concluded" not in detector().summary(found)
    assert "the model heard nothing" in found.limitations[0]


def test_a_recording_shorter_than_a_window_is_heard_again_and_again_until_it_fills_one() -> None:
    assert examined(voice(1.7, score=4)).claim is Verdict.LIKELY_FAKE
    assert 1.7 * RATE < SAMPLES


def test_samples_beyond_full_scale_are_no_reason_to_fail() -> None:
    found = examined(30 * voice())
    assert "clipped" in summary(Verdict.INCONCLUSIVE, found)


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (Conditions(30, 7000, 3, 0), ""),
        (Conditions(24.9, 7000, 3, 0), "too noisy: 25 dB; measured from 25 dB up"),
        (Conditions(30, 3600, 3, 0), "too narrow a band: 3600 Hz; measured from 5000 Hz up"),
        (Conditions(30, 7000, 1.2, 0), "too short: 1.2 s of speech; measured from 2 s up"),
        (Conditions(30, 7000, 3, 0.02), "clipped: 2.0 % of the samples are at full scale"),
    ],
)
def test_the_reason_says_what_is_wrong_with_the_sound_and_what_would_do(conditions: Conditions, reason: str) -> None:
    assert why_outside(conditions, Limits()) == reason


def test_the_noise_under_a_voice_is_measured() -> None:
    clean = voice(4)
    power = float(np.sqrt(np.mean(clean**2)))
    rng = np.random.default_rng(2)
    found = []
    for decibels in (30, 20, 10):
        noisy = (clean + rng.normal(0, power * 10 ** (-decibels / 20), clean.size)).astype(np.float32)
        found.append(measure(noisy, speech_in(noisy)).snr_db)
    assert found[0] - found[1] == pytest.approx(10, abs=3)
    assert found[1] - found[2] == pytest.approx(10, abs=3)


calibrations = st.builds(
    lambda threshold, more: Calibration.model_validate(
        CALIBRATION | {"threshold": threshold, "strictThreshold": threshold + more}
    ),
    st.floats(-10, 10),
    st.floats(0, 10),
)


@given(calibrations, st.floats(-30, 30), st.floats(0, 10), st.integers(0, 6), st.integers(0, 6))
@settings(deadline=None)
def test_more_evidence_never_makes_a_claim_weaker(
    calibration: Calibration, mean: float, more: float, stretch: int, longer: int
) -> None:
    order = [Verdict.NO_EVIDENCE, Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE]
    weaker = claim_of(calibration, mean, stretch)
    assert order.index(weaker) <= order.index(claim_of(calibration, mean + more, stretch + longer))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 500)), max_size=8),
    st.integers(1600, 40_000),
    st.floats(0, 3),
)
@settings(deadline=None)
def test_windows_lie_in_the_recording_and_hold_speech_within_the_budget(
    runs: list[tuple[bool, int]], size: int, wanted: float
) -> None:
    speech = np.array([spoken for spoken, frames in runs for _ in range(frames)], dtype=np.bool_)
    total = speech.size * 160
    chosen = plan_windows(speech, total, size, wanted)
    assert set(chosen.first) <= set(chosen.spoken)
    assert len(chosen.first) <= 6 + total / RATE / 60
    assert bool(chosen.first) is bool(chosen.spoken)
    for start in chosen.needed:
        first, last = chosen.span(start)
        assert 0 <= first < last <= total
        assert speech[first // 160 : last // 160 + 1].sum() >= 99
        for other in chosen.beside(start):
            assert size <= abs(other - start) < 3 * size // 2


def test_enough_speech_anywhere_is_found() -> None:
    speech = np.zeros(6000, dtype=np.bool_)
    speech[4130:4330] = True  # two seconds that lie across the edge of two windows of four
    assert plan_windows(speech, 6000 * 160, 4 * RATE, 2.0).spoken


def test_the_summary_is_of_the_detector_that_decided() -> None:
    fake = examined(voice(score=4))
    assert "more so than 100 % of the recordings" in summary(Verdict.LIKELY_FAKE, fake)
    clean = examined(voice())
    assert "does not sound synthetic" in summary(Verdict.NO_EVIDENCE, clean)
    silent = examined(np.zeros(RATE, np.float32))
    assert "no speech to listen to" in summary(Verdict.NO_EVIDENCE, silent)
