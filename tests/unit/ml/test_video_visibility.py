"""The visibility of a join, measured without the detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.video.visibility import JoinVisibility, join_visibility
from tests.support.media.samples import encode_frames
from tests.support.media.scene import Scene

PLACE = 30
SCENE, OTHER, STILL = (
    list(Scene(seed, pan=pan, speed=speed).frames(range(100)))
    for seed, pan, speed in ((5, 1.0, 1.0), (6, 1.0, 1.0), (7, 0.0, 0.0))
)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (SCENE[:PLACE] + SCENE[PLACE + 6 : 66], JoinVisibility.LEAP),
        (SCENE[:PLACE] + OTHER[60:90], JoinVisibility.CUT),
        (STILL[:PLACE] + STILL[60:90], JoinVisibility.NOTHING),
    ],
)
def test_a_join_is_a_leap_a_cut_or_nothing(tmp_path: Path, frames: list[object], expected: JoinVisibility) -> None:
    recording = tmp_path / "recording.mp4"
    encode_frames(recording, frames, sound=False)
    assert join_visibility(str(recording), PLACE) is expected
