"""AudioSplice, on voices made here: syllables of noise over the steady noise of a room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_kit.media.audio import SAMPLE_RATE
from audio_analyzer.background import BackgroundMeter
from audio_analyzer.detectors.splices import AudioSplice, find_splices

RATE = SAMPLE_RATE
Samples = NDArray[np.float32]


def voice(seconds: float, seed: int) -> Samples:
    """Four syllables a second, each in a band of its own, with short pauses between them."""
    rng = np.random.default_rng(seed)
    size = int(seconds * RATE)
    sound = np.zeros(size)
    for start in range(0, size - RATE // 4, RATE // 4):
        length = int(rng.uniform(0.1, 0.2) * RATE)
        hz = rng.uniform(200, 3500)
        time = np.arange(length) / RATE
        sound[start : start + length] += (
            0.2 * np.sin(np.pi * time * RATE / length) * np.sin(2 * np.pi * hz * time + 3 * np.sin(700 * time))
        )
    return sound.astype(np.float32)


def room(seconds: float, seed: int, loudness: float = 0.004) -> Samples:
    return np.random.default_rng(seed).normal(0, loudness, int(seconds * RATE)).astype(np.float32)


def recording(seconds: float = 10, seed: int = 1) -> Samples:
    return voice(seconds, seed) + room(seconds, seed + 100)


def bands_of(samples: Samples, block: int = 10 * RATE) -> NDArray[np.float16]:
    meter = BackgroundMeter()
    for start in range(0, samples.size, block):
        meter.add(samples[start : start + block])
    return meter.result()


def stretch(start: float, end: float) -> slice:
    return slice(int(start * RATE), int(end * RATE))


@given(start=st.floats(2, 6), seconds=st.floats(1.2, 2.5), seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_a_voice_without_the_rooms_noise_is_found_where_it_was_put_in(start: float, seconds: float, seed: int) -> None:
    edited = recording(seed=seed)
    place = stretch(start, start + seconds)
    edited[place] = voice(10, seed + 1)[place]
    (found,) = find_splices(bands_of(edited))
    assert found.start == pytest.approx(start, abs=0.3)
    assert found.end == pytest.approx(start + seconds, abs=0.3)
    report = AudioSplice().report_on([found])
    assert 0 < report.score < 50
    assert (report.findings[0].kind, report.findings[0].score) == ("AudioSplice", report.score)
    assert f"{found.depth:.1f} dB lower" in report.findings[0].message


def test_a_band_limit_that_comes_and_goes_is_found() -> None:
    edited = recording()
    part = stretch(4, 6)
    spectrum = np.fft.rfft(edited[part])
    spectrum[np.fft.rfftfreq(2 * RATE, 1 / RATE) > 3600] = 0
    edited[part] = np.fft.irfft(spectrum)
    (found,) = find_splices(bands_of(edited))
    assert [found.start, found.end] == pytest.approx([4, 6], abs=0.3)
    assert 3 <= found.bands <= 6


def untouched(samples: Samples) -> Samples:
    return samples


def louder_fan(samples: Samples) -> Samples:
    samples[stretch(4, 6)] += room(2, 7, 0.03)
    return samples


def door(samples: Samples) -> Samples:
    samples[stretch(4, 5)] += room(1, 8, 0.5) * np.exp(-np.arange(RATE) / 1000).astype(np.float32)
    return samples


def softer(samples: Samples) -> Samples:
    samples[stretch(4, 6)] *= 0.4
    return samples


def muted(samples: Samples) -> Samples:
    samples[stretch(4, 6)] *= 0.001
    return samples


def another_noise_from_here_on(samples: Samples) -> Samples:
    samples[stretch(5, 10)] -= room(10, 101)[stretch(5, 10)]
    return samples


@pytest.mark.parametrize("change", [untouched, louder_fan, door, softer, muted, another_noise_from_here_on])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_added_made_softer_muted_or_does_not_come_back_is_no_splice(change: object, seed: int) -> None:
    assert callable(change)
    samples = voice(10, seed) + room(10, 101)
    assert find_splices(bands_of(change(samples))) == []


def test_without_a_background_nothing_is_said() -> None:
    edited = voice(10, 1)
    edited[stretch(4, 6)] = voice(2, 2)
    assert find_splices(bands_of(edited)) == []


@pytest.mark.parametrize("seconds", [0, 0.01, 0.5, 1.5, 3])
def test_a_short_recording_has_no_splice(seconds: float) -> None:
    assert find_splices(bands_of(recording(seconds))) == []


@given(block=st.integers(100, 40_000))
@settings(max_examples=15, deadline=None)
def test_the_levels_do_not_depend_on_the_block_size(block: int) -> None:
    samples = recording(3)
    assert np.array_equal(bands_of(samples), bands_of(samples, block))


def test_more_than_200_splices_still_make_a_report() -> None:
    edited = recording(6)
    edited[stretch(2, 4)] = voice(2, 2)
    found = find_splices(bands_of(edited))
    assert len(AudioSplice().report_on(found * 300).findings) == 200
