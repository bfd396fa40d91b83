"""Where somebody speaks, and that nothing is said of a voice where nobody does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_contract import Verdict
from analyzer_kit import voice_activity
from analyzer_kit.analysis import Assessment, Caps
from analyzer_kit.errors import Misconfigured
from analyzer_kit.voice_activity import VoiceMeter, speech_stretches
from audio_analyzer import analysis
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter
from audio_analyzer.reading import read_samples
from audio_analyzer.voice_activity import densest_seconds, speech_frames
from tests.support.analyzers.listener import babble, wav
from tests.support.media import sounds

Samples = NDArray[np.float32]
RATE = 16_000
CAPS = Caps(threads=1)


def speech_in(samples: Samples) -> NDArray[np.bool_]:
    return speech_frames(read_samples(samples, [LevelMeter, VoiceMeter]))


def judged(path: Path) -> Assessment:
    return analysis.analyze(path, path.with_suffix(".png"), CAPS, lambda _stage, _share: None)


@pytest.fixture(scope="module")
def voice() -> Samples:
    return sounds.voice()


@pytest.mark.parametrize("decibels", [0, -12, -24, -40])
def test_a_voice_is_heard_however_quiet_the_recording_is(voice: Samples, decibels: float) -> None:
    quiet = voice * np.float32(10 ** (decibels / 20))
    assert speech_in(quiet).mean() > 0.5


def test_speech_is_found_where_it_is(voice: Samples) -> None:
    rng = np.random.default_rng(1)
    drums = sounds.snare_drum(6, rng)
    speech = speech_in(np.concatenate([drums, voice, drums]))
    first, last = (np.flatnonzero(speech)[[0, -1]] + [0, 1]) * FRAME_SECONDS
    assert 5.8 <= first <= 7
    assert last <= 6.3 + voice.size / RATE


@pytest.mark.parametrize(
    "samples",
    [
        sounds.snare_drum(10, np.random.default_rng(2)),
        sounds.melody(10),
        sounds.melody(10, rest=0.4),
        babble(10),
        np.random.default_rng(3).normal(0, 0.1, 10 * RATE).astype(np.float32),
        (0.1 * np.sin(np.arange(10 * RATE) / 6)).astype(np.float32),
    ],
    ids=["drum", "melody", "melody with rests", "babble", "noise", "tone"],
)
def test_nothing_is_said_of_a_voice_where_there_is_none(samples: Samples, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(samples))
    found = judged(path)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no speech to listen to" in found.summary
    assert not [each for report in found.detectors for each in report.findings if each.kind == "SyntheticSpeech"]


def test_a_person_is_listened_to(voice: Samples, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(voice))
    assert judged(path).verdict is Verdict.NO_EVIDENCE


@given(block=st.integers(300, 40_000))
@settings(max_examples=8, deadline=None)
def test_what_is_heard_does_not_depend_on_the_block_size(block: int) -> None:
    samples = babble(6)
    once, often = VoiceMeter(), VoiceMeter()
    once.add(samples)
    for start in range(0, samples.size, block):
        often.add(samples[start : start + block])
    assert np.array_equal(once.result(), often.result())


def test_short_pauses_belong_to_speech_and_short_sounds_are_none() -> None:
    probability = np.zeros(60, dtype=np.float16)
    probability[3:6] = 0.9  # 0.1 s: a click
    probability[10:20] = 0.4  # never probable enough
    probability[25:30] = [0.4, 0.9, 0.9, 0.6, 0.4]
    probability[32:40] = 0.8
    assert speech_stretches(probability) == [(25, 40)]
    assert speech_stretches(probability[:0]) == []


@given(st.lists(st.booleans(), max_size=900))
def test_the_densest_stretch_holds_as_much_as_any(speech: list[bool]) -> None:
    mask = np.array(speech, dtype=np.bool_)
    densest = densest_seconds(mask)
    assert densest <= min(4.0, mask.sum() * FRAME_SECONDS) + 1e-9
    assert densest >= mask[:400].sum() * FRAME_SECONDS - 1e-9


def test_a_network_that_is_another_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_activity, "_SHA256", "0" * 64)
    with pytest.raises(Misconfigured, match="has sha256"):
        voice_activity._network.__wrapped__()
    monkeypatch.setattr(voice_activity, "_PACKAGE", "no_such_package")
    with pytest.raises(Misconfigured, match="Install silero-vad"):
        voice_activity._network.__wrapped__()
