import numpy as np
import pytest

from evaluation import measures
from evaluation.channels import add_noise
from evaluation.sound import RATE, Sound, at_level


def _speech(seconds: float = 6.0, cut_hz: float = 7000.0) -> Sound:
    """Coloured noise that swells and pauses as syllables do, limited to a bandwidth."""
    random = np.random.default_rng(4)
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    spectrum[frequencies > cut_hz] = 0
    spectrum /= 1 + frequencies / 500
    voiced = np.clip(4 * (np.sin(2 * np.pi * np.arange(count) / RATE) + 0.6), 0, 1)  # 0.7 of each second
    sound = np.fft.irfft(spectrum, count) * voiced**2 + random.standard_normal(count) * 1e-7
    return at_level((sound / np.abs(sound).max()).astype(np.float32), -26.0)


@pytest.mark.parametrize("snr", [10, 20, 30])
def test_the_noise_that_was_added_is_found_again(snr: int) -> None:
    noise = np.random.default_rng(5).standard_normal(6 * RATE).astype(np.float32)
    assert measures.snr_db(add_noise(_speech(), noise, snr)) == pytest.approx(snr, abs=1.5)


def test_speech_without_noise_has_a_high_ratio() -> None:
    assert measures.snr_db(_speech()) > 50


@pytest.mark.parametrize("cut", [3400, 5000, 7000])
def test_the_bandwidth_is_where_the_spectrum_ends(cut: float) -> None:
    assert measures.bandwidth_hz(_speech(cut_hz=cut)) == pytest.approx(cut, abs=200)


def test_pauses_are_no_active_seconds() -> None:
    assert measures.active_seconds(_speech(10)) == pytest.approx(7, abs=0.3)


def test_silence_measures_nothing_and_raises_nothing() -> None:
    assert measures.measure(np.zeros(RATE, np.float32)) == measures.Measures(0, 0, 0, 0)
    assert measures.measure(np.zeros(0, np.float32)) == measures.Measures(0, 0, 0, 0)


def test_what_is_cut_off_at_full_scale_is_clipped() -> None:
    tone = np.sin(np.arange(RATE) * 0.05).astype(np.float32)
    assert measures.clipped(tone * np.float32(0.9)) == 0
    assert measures.clipped(np.clip(tone * 2, -1, 1)) == pytest.approx(2 / 3, abs=0.02)
