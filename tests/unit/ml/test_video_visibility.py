"""The visibility of a join, measured without the detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml.video.visibility import JoinVisibility, join_visibility
from tests.support.media.samples import encode_frames
from tests.support.media.scene import Scene

PLACE = 30
SCENE: dict[str, Any] = {"seed": 5}
OTHER: dict[str, Any] = {"seed": 6}
STILL: dict[str, Any] = {"seed": 7, "pan": 0, "speed": 0}


@pytest.mark.parametrize(
    ("before", "after", "first", "expected"),
    [
        (SCENE, SCENE, PLACE + 6, JoinVisibility.LEAP),
        (SCENE, OTHER, 60, JoinVisibility.CUT),
        (STILL, STILL, 60, JoinVisibility.NOTHING),
    ],
)
def test_a_join_is_a_leap_a_cut_or_nothing(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], first: int, expected: JoinVisibility
) -> None:
    recording = tmp_path / "recording.mp4"
    frames = [*Scene(**before).frames(range(PLACE)), *Scene(**after).frames(range(first, first + 30))]
    encode_frames(recording, frames, sound=False)
    assert join_visibility(str(recording), PLACE) is expected
