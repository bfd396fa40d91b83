"""What the video analyzer says of recordings of which some, or most, is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from analyzer_kit.analysis import Assessment, Caps
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


def test_what_is_found_in_the_intact_half_is_evidence(clip: Path, tmp_path: Path) -> None:
    found = analyzed(clip, tmp_path, 110)
    assert found.verdict is Verdict.SUSPICIOUS
    assert "damaged from" in found.unexamined[0]


def test_a_recording_of_which_most_is_damaged_is_inconclusive_whatever_is_found_in_the_rest(
    clip: Path, tmp_path: Path
) -> None:
    found = analyzed(clip, tmp_path, 85)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.score < SUSPICIOUS_FROM
    assert found.summary.startswith("Nothing can be said, since most is damaged, or encrypted")
    assert "The picture is damaged from" in found.summary
    assert found.examined_share == pytest.approx(0.45, abs=0.05)
