"""Nobody is accused of what ordinary devices do to sound; what was cut in is still found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, Verdict
from analyzer_kit.analysis import Assessment, Caps
from audio_analyzer import analysis
from audio_analyzer.detectors.repeats import RepeatedAudio
from audio_analyzer.detectors.silence import DigitalSilence
from audio_analyzer.gaps import find_gaps
from audio_analyzer.natural_copies import is_regular
from tests.support.analyzers.audio_readings import detected
from tests.support.analyzers.listener import wav
from tests.support.media import sounds
from tests.support.media.ordinary import CODERS, DEVICES
from tests.support.media.samples import ffmpeg

Samples = NDArray[np.float32]
RATE = sounds.RATE


def silence_in(samples: Samples) -> DetectorReport:
    return detected(DigitalSilence(), samples)


def evidence(report: DetectorReport) -> list[Finding]:
    """Return the findings that make a score."""
    return [finding for finding in report.findings if finding.score > 0]


def judged(path: Path) -> Assessment:
    return analysis.analyze(path, path.with_suffix(".png"), Caps(threads=1), lambda _stage, _share: None)


@pytest.mark.parametrize("room", [-70, -55, -40])
@pytest.mark.parametrize("kind", DEVICES)
def test_silence_that_ordinary_devices_leave_is_no_evidence(kind: str, room: float) -> None:
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        report = silence_in(DEVICES[kind](sounds.talk(25, rng, room=room), rng))
        assert report.score < 50, seed


def test_gaps_that_were_cut_into_a_recording_with_noise_of_its_own_are_found() -> None:
    missed = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        talk = sounds.talk(20, rng, room=(-70, -60, -50)[seed % 3])
        report = silence_in(sounds.stored(sounds.spliced(talk, 5, rng)))
        missed += not evidence(report)
        for finding in evidence(report):
            assert finding.end_seconds - finding.start_seconds == pytest.approx(0.3, abs=0.05)
    assert missed <= 2


@pytest.mark.parametrize("seconds", [0.12, 0.16, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("gaps", [4, 12])
def test_muting_and_losses_of_any_length_and_number_accuse_nobody(seconds: float, gaps: int) -> None:
    rng = np.random.default_rng(3)
    report = silence_in(sounds.spliced(sounds.talk(25, rng), gaps, rng, seconds=seconds))
    assert report.findings
    assert report.score < 50


@pytest.mark.parametrize("kind", ["silence", "zeros", "one sound"])
def test_gaps_need_a_recording(kind: str) -> None:
    level = {"silence": np.zeros(0), "zeros": np.full(200, -200.0), "one sound": np.full(200, -20.0)}[kind]
    assert find_gaps(level.astype(np.float32)) == []


def test_silence_without_speech_is_a_fact_at_most() -> None:
    rng = np.random.default_rng(4)
    for sound in (sounds.snare_drum(15, rng), sounds.melody(15, rest=0.4), sounds.screen(20, rng)):
        report = silence_in(sounds.with_room(sound, rng, -100))
        assert report.score == 0
        assert evidence(report) == []


def test_the_gaps_of_a_ringing_tone_before_a_talk_are_facts() -> None:
    time = np.arange(int(0.4 * RATE)) / RATE
    tone = 0.05 * (np.sin(2 * np.pi * 400 * time) + np.sin(2 * np.pi * 450 * time))
    rings = np.concatenate([tone, np.zeros(RATE // 5), tone, np.zeros(2 * RATE)] * 4)
    report = silence_in(np.concatenate([rings, sounds.talk(12, np.random.default_rng(12))]).astype(np.float32))
    assert report.findings
    assert report.score < 50


@pytest.mark.parametrize("made", [sounds.melody(20), sounds.sequenced(20, np.random.default_rng(5))])
def test_what_a_program_plays_repeats_and_that_is_a_fact(made: Samples) -> None:
    report = detected(RepeatedAudio(), made)
    assert report.findings
    assert report.score == 0


def test_speech_that_occurs_twice_is_evidence() -> None:
    rng = np.random.default_rng(6)
    voice = sounds.voice()
    copied = sounds.with_room(np.concatenate([voice, voice[RATE : 4 * RATE]]), rng, -90)
    report = detected(RepeatedAudio(), copied)
    assert report.score >= 50


def test_a_voice_that_a_program_plays_twice_out_of_nothing_is_a_fact() -> None:
    report = detected(RepeatedAudio(), sounds.screen(30, np.random.default_rng(9)))
    assert report.findings
    assert report.score == 0


def test_an_announcement_at_regular_times_is_a_fact() -> None:
    rng = np.random.default_rng(7)
    once = np.concatenate([sounds.voice()[: 3 * RATE], sounds.melody(2.0)])
    report = detected(RepeatedAudio(), sounds.with_room(np.tile(once, 6), rng, -80))
    assert report.findings
    assert report.score == 0


@pytest.mark.parametrize("times", [2, 3])
def test_an_announcement_that_is_played_again_and_stands_alone_is_a_fact(times: int) -> None:
    rng = np.random.default_rng(10)
    pauses = [np.zeros(int(seconds * RATE), np.float32) for seconds in (1.5, 2.3, 1.7)]
    said = [part for pause in pauses[:times] for part in (sounds.voice(), pause)]
    report = detected(RepeatedAudio(), sounds.with_room(np.concatenate(said), rng, -75))
    assert report.findings
    assert report.score == 0


@pytest.mark.parametrize(("times", "loudness"), [(2, 0.05), (2, 0.08), (3, 0.05), (3, 0.08)])
def test_an_announcement_over_music_that_is_played_again_is_a_fact(times: int, loudness: float) -> None:
    rng = np.random.default_rng(12)
    pauses = [np.zeros(int(seconds * RATE), np.float32) for seconds in (1.5, 2.3, 1.7)]
    said = np.concatenate([part for pause in pauses[:times] for part in (sounds.voice(), pause)])
    music = sounds.tune(said.size / RATE + 1, rng)[: said.size]
    report = detected(RepeatedAudio(), sounds.with_room(said + np.float32(loudness) * music, rng, -75))
    assert report.findings
    assert report.score == 0


@pytest.mark.parametrize(("pause", "seconds", "loudness"), [(1.3, 0.9, 0.8), (1.5, 1.2, 0.5)])
def test_an_echo_in_the_only_pause_is_a_fact(pause: float, seconds: float, loudness: float) -> None:
    voice, cut = sounds.voice(), int(1.5 * RATE)
    said = np.concatenate([voice[:cut], np.zeros(int(pause * RATE), np.float32), voice[cut:]])
    talk = sounds.with_room(said, np.random.default_rng(11), -80)
    late = np.concatenate([np.zeros(int(seconds * RATE), np.float32), talk])[: talk.size]
    report = detected(RepeatedAudio(), (0.6 * (talk + np.float32(loudness) * late)).astype(np.float32))
    assert report.findings
    assert report.score == 0


@pytest.mark.parametrize(
    ("lags", "regular"),
    [([2.0, 4.0, 6.01], True), ([2.0, 4.0], False), ([2.0, 3.1, 6.0], False), ([], False), ([30.0, 30.0, 60.0], True)],
)
def test_copies_at_multiples_of_one_period_are_regular(lags: list[float], regular: bool) -> None:
    assert is_regular(lags) is regular


@pytest.mark.parametrize("coder", CODERS)
def test_a_call_is_not_accused_whatever_coded_it(tmp_path: Path, coder: str) -> None:
    suffix, *options = CODERS[coder]
    source, target = tmp_path / "source.wav", tmp_path / f"coded.{suffix}"
    source.write_bytes(wav(sounds.talk(15, np.random.default_rng(8), room=-58)))
    ffmpeg("-i", str(source), *options, str(target))
    found = judged(target)
    accused_by = [report.name for report in found.detectors if report.score >= 50]
    assert "DigitalSilence" not in accused_by
    assert found.verdict is not Verdict.LIKELY_FAKE
