"""The audio detectors, on samples made here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_contract import DetectorReport
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.runs import runs_of
from audio_analyzer.detectors.repeats import RepeatedAudio, similarity
from audio_analyzer.detectors.silence import DigitalSilence
from audio_analyzer.fingerprints import HOP_SECONDS, Fingerprinter
from audio_analyzer.levels import LevelMeter, Levels, sound_frames
from tests.support.analyzers.audio_readings import detected
from tests.support.analyzers.listener import babble

RATE = SAMPLE_RATE
Samples = NDArray[np.float32]


def levels_of(samples: Samples, block: int = 10 * RATE) -> Levels:
    meter = LevelMeter()
    for start in range(0, samples.size, block):
        meter.add(samples[start : start + block])
    return meter.result()


def repeats_in(samples: Samples, block: int = 10 * RATE) -> DetectorReport:
    """What is found if the babble is taken for speech."""
    return detected(RepeatedAudio(speech=sound_frames), samples, block)


def silence_in(samples: Samples) -> DetectorReport:
    """What is found if the babble is taken for speech."""
    return detected(DigitalSilence(speech=sound_frames), samples)


def with_silence(samples: Samples, pauses: list[tuple[float, float]]) -> Samples:
    edited = samples.copy()
    for start, end in pauses:
        edited[int(start * RATE) : int(end * RATE)] = 0
    return edited


def test_pauses_with_the_noise_of_a_room_are_no_evidence() -> None:
    report = silence_in(babble(6))
    assert (report.score, report.findings) == (0, [])


@pytest.mark.parametrize(
    "pauses",
    [[(2.0, 2.2)], [(2.0, 2.2), (3.0, 3.2)], [(2.0, 2.2), (3.0, 3.2), (4.0, 4.2)]],
)
def test_digital_pauses_in_speech_rank_and_accuse_nobody(pauses: list[tuple[float, float]]) -> None:
    report = silence_in(with_silence(babble(6), pauses))
    assert 0 < report.score < 50
    assert [each.start_seconds for each in report.findings] == pytest.approx([start for start, _ in pauses], abs=0.02)
    assert [each.end_seconds for each in report.findings] == pytest.approx([end for _, end in pauses], abs=0.02)


def test_silence_before_the_first_and_after_the_last_sound_is_no_evidence() -> None:
    quiet = np.zeros(RATE, dtype=np.float32)
    report = silence_in(np.concatenate([quiet, babble(4), quiet]))
    assert report.score == 0


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(5 * RATE, np.float32), np.ones(3, np.float32)])
def test_nothing_to_hear_is_no_evidence(samples: Samples) -> None:
    assert silence_in(samples).score == 0
    assert repeats_in(samples).score == 0


@given(block=st.integers(1, 40_000))
@settings(max_examples=15, deadline=None)
def test_what_is_measured_does_not_depend_on_the_block_size(block: int) -> None:
    samples = with_silence(babble(1.5), [(0.5, 0.7)])
    once, often = levels_of(samples), levels_of(samples, max(block, 300))
    assert np.array_equal(once.dbfs, often.dbfs)
    first, second = Fingerprinter(), Fingerprinter()
    first.add(samples)
    for start in range(0, samples.size, max(block, 300)):
        second.add(samples[start : start + max(block, 300)])
    assert np.array_equal(first.result().bits, second.result().bits)


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_exactly_the_stretches_of_true(mask: list[bool]) -> None:
    rebuilt = np.zeros(len(mask), dtype=np.bool_)
    for start, end in runs_of(np.array(mask, dtype=np.bool_)):
        assert start < end
        rebuilt[start:end] = True
    assert rebuilt.tolist() == mask


# Copies from about 1.5 s on are found: one of exactly that length may lie between two hops of the fingerprints.
@given(copied=st.floats(1.6, 2.0), source=st.floats(0.2, 2.0), gap=st.floats(0.0, 2.0), gain=st.floats(0.5, 1.0))
@settings(max_examples=12, deadline=None)
def test_a_copied_stretch_is_found_wherever_it_lies(copied: float, source: float, gap: float, gain: float) -> None:
    voice = babble(8, seed=5)
    start, size = int(source * RATE), int(copied * RATE)
    at = int((source + copied + gap) * RATE)
    edited = np.concatenate([voice[:at], gain * voice[start : start + size], voice[at:]]).astype(np.float32)
    report = repeats_in(edited)
    assert report.score >= 50
    finding = max(report.findings, key=lambda each: each.score)
    assert finding.start_seconds == pytest.approx(at / RATE, abs=0.3)
    # A fingerprint spans 0.26 s, and the last ones of the copy already hear what follows it: the end is found early.
    assert -0.4 <= finding.end_seconds - (at + size) / RATE <= 0.1


@pytest.mark.parametrize("seed", range(6))
def test_a_voice_that_goes_on_does_not_repeat_itself(seed: int) -> None:
    assert repeats_in(babble(12, seed=seed)).findings == []


def test_a_tone_and_a_hum_repeat_by_nature_and_are_no_evidence() -> None:
    time = np.arange(8 * RATE) / RATE
    for frequency in (50, 440, 1000):
        hum = 0.1 * np.sin(2 * np.pi * frequency * time)
        assert repeats_in(hum.astype(np.float32)).findings == []


@given(shift=st.integers(-400, 400), noise=st.floats(0, 0.01))
@settings(max_examples=20, deadline=None)
def test_similarity_finds_a_shifted_noisy_copy_and_only_that(shift: int, noise: float) -> None:
    voice = babble(2.0, seed=9)
    rng = np.random.default_rng(3)
    copy = voice[2000 + shift : 18_000 + shift] + rng.normal(0, noise, 16_000)
    assert similarity(voice[2000:18_000], copy.astype(np.float32)) > 0.8
    other = babble(1.0, seed=10)
    assert similarity(voice[2000:18_000], other) < 0.5


def test_a_hop_is_what_the_findings_count_in() -> None:
    assert pytest.approx(0.016) == HOP_SECONDS
