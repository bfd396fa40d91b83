"""All of the sound is heard: every channel, whatever its phase, and every track, or it is said which one was not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, FailureReason, Verdict
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.audio import AudioReader
from analyzer_kit.media.mixing import Mixer
from audio_analyzer import analysis, hearing
from audio_analyzer.detector import AudioDetector
from audio_analyzer.detectors.silence import DigitalSilence
from audio_analyzer.hearing import hear_all, joined
from audio_analyzer.levels import LevelMeter
from audio_analyzer.reading import AudioReading
from tests.support.analyzers.listener import babble, wav
from tests.support.media import sounds
from tests.support.media.samples import VOICE, ffmpeg

Samples = NDArray[np.float32]
CAPS = Caps(threads=1)
TONE = "sine=frequency=440:sample_rate=16000:duration=3,volume=8"
"""At full scale."""


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def heard(path: Path, track: int = 0) -> Samples:
    return np.concatenate(list(AudioReader(path, CAPS, track).blocks()))


def made(target: Path, channels: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", TONE, "-af", f"pan={channels}", str(target))
    return target


@pytest.mark.parametrize(
    ("name", "channels", "at_least"),
    [
        ("mono.wav", "mono|c0=c0", -9.1),
        ("same.wav", "stereo|c0=c0|c1=c0", -9.1),
        ("mirrored.wav", "stereo|c0=c0|c1=-1*c0", -9.1),
        ("mirrored.m4a", "stereo|c0=c0|c1=-1*c0", -9.5),
        ("mirrored.ogg", "stereo|c0=c0|c1=-1*c0", -9.5),
        ("right.wav", "stereo|c1=c0", -15.2),
        ("deep.wav", "5.1|LFE=c0", -25),
        ("behind.flac", "5.1|BL=c0|BR=-1*c0", -25),
        ("third-of-three.wav", "3c|c2=c0", -25),
        ("last-of-sixteen.wav", "16c|c15=c0", -35),
    ],
)
def test_a_sound_is_heard_in_whichever_channel_and_phase_it_is(
    tmp_path: Path, name: str, channels: str, at_least: float
) -> None:
    assert decibels(heard(made(tmp_path / name, channels))) > at_least


def test_two_channels_alike_are_as_loud_as_one(tmp_path: Path) -> None:
    one = heard(made(tmp_path / "one.wav", "mono|c0=c0"))
    two = heard(made(tmp_path / "two.wav", "stereo|c0=c0|c1=c0"))
    assert np.allclose(one, two, atol=1e-3)


def test_the_choice_of_signs_does_not_flutter_and_changes_without_a_click() -> None:
    rng = np.random.default_rng(1)
    mixer = Mixer()
    left = rng.normal(0, 0.1, 16_000).astype(np.float32)
    other = rng.normal(0, 0.1, 16_000).astype(np.float32)
    quiet = np.zeros((2, 16_000), np.float32)
    assert not mixer.mix(quiet).any()
    same, mirrored, wide = (np.stack([left, right]) for right in (left, -left, other))
    assert np.allclose(mixer.mix(mirrored), left, atol=1e-6)
    assert np.allclose(mixer.mix(wide), (left - other) / 2, atol=1e-6)  # no reason to change
    changed = mixer.mix(same)
    assert np.allclose(changed[320:], left[320:], atol=1e-6)
    assert abs(float(changed[0])) < 1e-6  # as it was, where both cancel; then it fades in


class Loudness(AudioDetector):
    """Suspicious of a loud sound."""

    name = "Loudness"
    id = "test.loudness"
    meters = (LevelMeter,)

    def detect(self, reading: AudioReading) -> DetectorReport:
        loud = float(reading.measured(LevelMeter).dbfs.max()) > -20
        return self.report(80 if loud else 0)


def two_tracks(target: Path, first: str, second: str, *options: str) -> Path:
    sources = [part for source in (first, second) for part in ("-f", "lavfi", "-i", source)]
    ffmpeg(*sources, "-map", "0:a", "-map", "1:a", *options, str(target))
    return target


SILENCE = "anullsrc=r=16000:cl=mono:d=3"


@pytest.mark.parametrize("name", ["two.mkv", "two.mov", "two.mp4"])
def test_what_is_only_in_the_second_track_is_heard(tmp_path: Path, name: str) -> None:
    shares: list[float] = []
    both, covered = hear_all(
        [Loudness(), DigitalSilence()],
        two_tracks(tmp_path / name, SILENCE, TONE),
        CAPS,
        lambda _stage, share: shares.append(share),
    )
    assert len(both) == 2
    assert covered.share > 0.98
    assert [one.reports[0].score for one in both] == [0, 80]
    assert [report.score for report in joined(both)] == [80, 0]
    assert shares == sorted(shares)


def test_tracks_beyond_those_that_are_heard_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "_MOST_TRACKS", 1)
    heard_tracks, covered = hear_all(
        [Loudness()], two_tracks(tmp_path / "two.mkv", SILENCE, TONE), CAPS, lambda _stage, _share: None
    )
    assert len(heard_tracks) == 1
    assert covered.share == pytest.approx(0.5, abs=0.02)
    assert covered.gaps[-1] == "Sound track 2 of 2 was not heard: at most 1 are."


def test_a_track_that_makes_it_longer_than_what_is_accepted_is_named(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "two.mkv", SILENCE, TONE)
    _, covered = hear_all([Loudness()], path, Caps(threads=1, max_duration_seconds=5), lambda _stage, _share: None)
    assert "Sound track 2 of 2 was not heard" in covered.gaps[-1]


def with_unknown_codec(path: Path, *tracks: int) -> Path:
    """Name a codec that nobody knows for these tracks of a Matroska file."""
    parts = path.read_bytes().split(b"A_PCM/INT/LIT")
    for track in tracks:
        parts[track] += b"A_XYZ/INT/LIT"
    names = [b"" if track in tracks else b"A_PCM/INT/LIT" for track in range(len(parts) - 1)] + [b""]
    path.write_bytes(b"".join(part + name for part, name in zip(parts, names, strict=True)))
    return path


@pytest.mark.parametrize("unreadable", [0, 1])
def test_a_track_that_cannot_be_decoded_is_named_and_the_other_one_is_heard(tmp_path: Path, unreadable: int) -> None:
    path = two_tracks(tmp_path / "two.mkv", TONE, TONE, "-c:a", "pcm_s16le")
    one, covered = hear_all([Loudness()], with_unknown_codec(path, unreadable), CAPS, lambda _stage, _share: None)
    assert [each.place.track for each in one] == [1 - unreadable]
    assert covered.gaps[-1].startswith(f"Sound track {unreadable + 1} of 2 was not heard")


def test_where_no_track_can_be_heard_the_reason_is_that_of_the_first(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "two.mkv", TONE, TONE, "-c:a", "pcm_s16le")
    with pytest.raises(AnalysisError) as refused:
        hear_all([Loudness()], with_unknown_codec(path, 0, 1), CAPS, lambda _stage, _share: None)
    assert refused.value.reason is FailureReason.UNSUPPORTED_MEDIA


def test_the_joined_report_is_the_severest_with_the_findings_of_all(tmp_path: Path) -> None:
    both, _ = hear_all([Loudness()], two_tracks(tmp_path / "two.mkv", TONE, TONE), CAPS, lambda _stage, _share: None)
    assert joined(both)[0].score == 80
    assert joined(both[:1]) == both[0].reports


def beside(left: Samples, right: Samples, target: Path) -> Path:
    """Write two channels."""
    for name, samples in (("left", left), ("right", right)):
        (target.parent / f"{name}.wav").write_bytes(wav(samples))
    inputs = ("-i", str(target.parent / "left.wav"), "-i", str(target.parent / "right.wav"))
    ffmpeg(*inputs, "-filter_complex", "[0:a][1:a]amerge=inputs=2", str(target))
    return target


def test_the_sides_of_a_call_are_heard_one_by_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    voice = sounds.voice()
    noise = rng.normal(0, 0.1, voice.size).astype(np.float32)
    path = beside(noise, voice, tmp_path / "call.wav")
    shares: list[float] = []
    both, covered = hear_all([Loudness()], path, CAPS, lambda _stage, share: shares.append(share))
    assert [one.name for one in both] == ["Channel 1: ", "Channel 2: "]
    assert [one.speech_seconds > 2 for one in both] == [False, True]
    assert covered.gaps == ()
    assert shares == sorted(shares)


def test_sides_of_a_long_call_are_heard_as_one_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_LONGEST_APART_SECONDS", 1.0)
    rng = np.random.default_rng(2)
    path = beside(babble(3), rng.normal(0, 0.05, 3 * 16_000).astype(np.float32), tmp_path / "call.wav")
    one, covered = hear_all([Loudness()], path, CAPS, lambda _stage, _share: None)
    assert len(one) == 1
    assert covered.gaps == ("Two channels with different sound were heard as one.",)
    assert covered.sufficient


@pytest.mark.parametrize("delay", [0, 3, 9])
def test_two_microphones_of_one_device_are_heard_as_one(tmp_path: Path, delay: int) -> None:
    rng = np.random.default_rng(3)
    voice = sounds.voice()
    left, right = (sounds.with_room(each, rng, -50) for each in (voice, np.roll(voice, delay) * np.float32(0.8)))
    one, _ = hear_all([Loudness()], beside(left, right, tmp_path / "phone.wav"), CAPS, lambda _stage, _share: None)
    assert [each.name for each in one] == [""]


@pytest.mark.parametrize("channels", ["stereo|c0=c0|c1=-1*c0", "5.1|LFE=c0", "stereo|c1=c0"])
def test_a_voice_is_listened_to_in_whichever_channel_it_is(tmp_path: Path, channels: str) -> None:
    target = tmp_path / "voice.wav"
    ffmpeg("-i", str(VOICE), "-af", f"pan={channels}", str(target))
    found = analysis.analyze(target, tmp_path / "plot.png", CAPS, lambda _stage, _share: None)
    assert found.verdict is Verdict.NO_EVIDENCE
    assert "does not sound synthetic" in found.summary


def test_a_voice_in_the_second_track_is_listened_to(tmp_path: Path) -> None:
    target = tmp_path / "voice.mkv"
    ffmpeg("-f", "lavfi", "-i", SILENCE, "-i", str(VOICE), "-map", "0:a", "-map", "1:a", str(target))
    found = analysis.analyze(target, tmp_path / "plot.png", CAPS, lambda _stage, _share: None)
    assert found.verdict is Verdict.NO_EVIDENCE
    assert "does not sound synthetic" in found.summary
