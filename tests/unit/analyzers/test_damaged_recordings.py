"""What the media analyzers say of recordings of which some, or much, is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from analyzer_kit.analysis import Assessment, Caps
from audio_analyzer import analysis as sound
from tests.support.analyzers.listener import wav
from tests.support.media import sounds
from tests.support.media.samples import encode_frames, ffmpeg
from tests.support.media.scene import Scene
from video_analyzer import analysis as picture

CUT_OUT = [*range(60), *range(85, 225)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds with one key frame, of which a second is missing after 2.4 s."""
    target = tmp_path_factory.mktemp("damaged") / "clip.mp4"
    encode_frames(target, Scene().frames(CUT_OUT), sound=False)
    return target


def analyzed(clip: Path, folder: Path, first_damaged: int) -> Assessment:
    damaged = folder / "damaged.mkv"
    ffmpeg("-i", str(clip), "-c", "copy", "-bsf:v", f"noise=amount=gt(n\\,{first_damaged})*40", str(damaged))
    return picture.analyze(damaged, folder / "plot.png", Caps(threads=1), lambda _stage, _share: None)


def test_what_is_found_before_a_damaged_end_is_evidence(clip: Path, tmp_path: Path) -> None:
    found = analyzed(clip, tmp_path, 185)
    assert found.verdict is Verdict.SUSPICIOUS
    assert "damaged from" in found.unexamined[0]


@pytest.mark.parametrize(("intact", "share"), [(85, 0.45), (165, 0.83)])
def test_a_recording_of_which_much_is_damaged_is_inconclusive_whatever_is_found_in_the_rest(
    clip: Path, tmp_path: Path, intact: int, share: float
) -> None:
    found = analyzed(clip, tmp_path, intact)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.score < SUSPICIOUS_FROM
    assert found.summary.startswith("Nothing can be said, since too much is damaged, or encrypted")
    assert "The picture is damaged from" in found.summary
    assert found.examined_share == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(("broken", "verdict"), [(10, Verdict.SUSPICIOUS), (40, Verdict.INCONCLUSIVE)])
def test_copied_speech_is_evidence_unless_more_than_a_tenth_of_the_sound_is_damaged(
    tmp_path: Path, broken: int, verdict: Verdict
) -> None:
    talk = sounds.talk(14, np.random.default_rng(3))
    copied = np.concatenate([talk, talk[2 * sounds.RATE : 6 * sounds.RATE], talk[: sounds.RATE]])
    spoken, whole, damaged = tmp_path / "spoken.wav", tmp_path / "whole.mka", tmp_path / "damaged.mka"
    spoken.write_bytes(wav(copied))
    ffmpeg("-i", str(spoken), "-c:a", "flac", str(whole))
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:a", f"noise=amount=between(n\\,90\\,{89 + broken})", str(damaged))
    found = sound.analyze(damaged, tmp_path / "plot.png", Caps(threads=1), lambda _stage, _share: None)
    assert found.verdict is verdict
    assert "could be decoded" in found.unexamined[0]
