import io
import wave
from pathlib import Path

import numpy as np
import pytest

from ml.voice.data import channels
from ml.voice.data.sound import (
    RATE,
    Sound,
    active_frames,
    at_level,
    cut,
    frame_db,
    join,
    read_wav,
    rng,
    trim,
    wav_bytes,
)


def _tone(seconds: float, amplitude: float = 0.3) -> Sound:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def _silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def test_silence_around_speech_is_cut_to_a_tenth_of_a_second() -> None:
    trimmed = trim(np.concatenate([_silence(1), _tone(2), _silence(3)]))
    assert len(trimmed) / RATE == pytest.approx(2.2, abs=0.05)


def test_silence_alone_is_cut_to_nothing() -> None:
    assert len(trim(_silence(2))) == 0


def test_pauses_inside_are_kept() -> None:
    assert len(trim(join([_tone(1), _silence(1), _tone(1)]))) / RATE == pytest.approx(3, abs=0.05)


def test_a_long_recording_is_cut_at_its_pauses() -> None:
    sentences = [_tone(5), _silence(1), _tone(6.5), _silence(1), _tone(7), _silence(1), _tone(1)]
    pieces = cut(np.concatenate(sentences), 2, 8)
    assert [len(piece) / RATE for piece in pieces] == pytest.approx([5.1, 6.7, 7.2], abs=0.15)


def test_a_recording_without_pauses_is_cut_where_a_piece_is_long_enough() -> None:
    pieces = cut(_tone(21), 2, 8)
    assert all(2 <= len(piece) / RATE <= 8 for piece in pieces)
    assert sum(map(len, pieces)) / RATE == pytest.approx(21, abs=0.1)


def test_a_recording_of_one_clip_is_not_cut() -> None:
    assert [len(piece) / RATE for piece in cut(_tone(8), 2, 8)] == [8]


def test_a_join_makes_no_click() -> None:
    joined = join([_tone(0.5), _tone(0.505)])
    assert np.abs(np.diff(joined)).max() <= np.abs(np.diff(_tone(0.5))).max() * 1.2


@pytest.mark.parametrize("level", [-45.0, -26.0])
def test_the_level_is_that_of_the_active_part(level: float) -> None:
    sound = at_level(np.concatenate([_silence(3), _tone(1)]), level)
    assert frame_db(sound)[active_frames(sound)].mean() == pytest.approx(level, abs=0.2)


def test_no_stored_clip_has_digital_silence(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_bytes(np.concatenate([_tone(1), _silence(1)]), rng(1)))
    stored = read_wav(path)
    assert stored.dtype == np.float32
    assert np.abs(stored[:RATE] - _tone(1)).max() < 1e-3
    assert np.mean(stored[RATE:] != 0) == pytest.approx(0.25, abs=0.05)  # of triangular dither


def test_a_clip_is_stored_as_16_bit_mono_at_16_khz() -> None:
    with wave.open(io.BytesIO(wav_bytes(_tone(1), rng(1)))) as file:
        assert (file.getsampwidth(), file.getnchannels(), file.getframerate()) == (2, 1, RATE)


def test_what_is_drawn_depends_on_the_names_alone() -> None:
    assert rng(7, "a").random() == rng(7, "a").random()
    assert rng(7, "a").random() != rng(7, "b").random()


@pytest.mark.parametrize("snr", [10, 30])
def test_noise_is_below_the_active_part_by_the_ratio(snr: int) -> None:
    sound = np.concatenate([_tone(1, 0.1), _silence(1)])
    noise = np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32)
    added = channels.add_noise(sound, noise, snr) - sound
    assert 10 * np.log10(np.mean(sound[:RATE] ** 2) / np.mean(added**2)) == pytest.approx(snr, abs=0.5)


@pytest.mark.parametrize("channel", [name for name in channels.CHANNELS if name.startswith(("white", "babble"))])
def test_a_noisy_channel_gives_the_same_for_the_same_draw(channel: str) -> None:
    first = channels.through(_tone(1), channel, rng(1), _tone(20))
    assert np.array_equal(first, channels.through(_tone(1), channel, rng(1), _tone(20)))
    assert not np.array_equal(first, _tone(1))
