"""What the video detectors make of pictures of a test: frames with times of their own, and a check for evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport
from tests.support.media.scene import Shots
from video_analyzer.detectors.drops import DroppedFrames
from video_analyzer.detectors.duplicates import DuplicatedFrames, LoopedFrames
from video_analyzer.detectors.freezes import FrozenFrames
from video_analyzer.motion import MotionMeter
from video_analyzer.reading import VideoReading, read_frames

Gray = NDArray[np.uint8]
MOVING = Shots(200, seed=5)
OTHER = Shots(60, seed=6, pan=0)
DETECTORS = (DuplicatedFrames(), LoopedFrames(), FrozenFrames(), DroppedFrames())


def coarse(frame: Gray) -> Gray:
    """Return a picture as an encoder first sends it, before it improves it."""
    return np.asarray(frame // 6 * 6 + 3, dtype=np.uint8)


def mixed(old: Gray, new: Gray, shares: Sequence[float]) -> list[Gray]:
    """Return ``old`` as an encoder shows it just before ``new``, from which it predicts."""
    return [cv2.addWeighted(old, 1 - share, new, share, 0).astype(np.uint8) for share in shares]


def improving(shot: Gray, count: int, strength: float = 2.0) -> list[Gray]:
    """Return a picture that stands, as an encoder of few bits goes on improving it: in each frame another place."""
    rng = np.random.default_rng(count)
    frames = []
    for _ in range(count):
        places = (shot.shape[0] // 15, shot.shape[1] // 15)
        blocks = rng.normal(0, strength, places) * (rng.random(places) < 0.1)
        change = cv2.resize(blocks, shot.shape[::-1], interpolation=cv2.INTER_NEAREST)
        frames.append(np.clip(shot + change, 0, 255).astype(np.uint8))
    return frames


class _Timed:
    """Frames with times of their own."""

    begins = (0,)
    damaged = ()

    def __init__(
        self, shots: Sequence[Gray], times: Sequence[float], keys: Sequence[int], sizes: Sequence[int]
    ) -> None:
        self._shots, self._times, self.keys, self.sizes = shots, times, keys, sizes
        self.seen_seconds = times[-1]

    @property
    def facts(self) -> object:
        return read_frames([], ()).facts.model_copy(update={"duration_seconds": self._times[-1]})

    def frames(self) -> Iterable[tuple[float, Gray]]:
        return zip(self._times, self._shots, strict=True)


def timed(
    shots: Sequence[Gray], times: Sequence[float], keys: Sequence[int] = (), sizes: Sequence[int] = ()
) -> VideoReading:
    """Return what the motion of frames at these times is, stored with these key frames and sizes."""
    return VideoReading(_Timed(shots, times, keys, sizes), [MotionMeter])  # type: ignore[arg-type]


def reports(reading: VideoReading) -> dict[str, DetectorReport]:
    """Return the report of each detector, by its name."""
    return {detector.name: detector.detect(reading) for detector in DETECTORS}


def facts_of(reading: VideoReading) -> set[str]:
    """Return the kinds of all findings, after a check that none of them is evidence."""
    found = reports(reading)
    assert {name: report.score for name, report in found.items() if report.score >= 50} == {}
    findings = [finding for report in found.values() for finding in report.findings]
    assert {finding.score for finding in findings} <= {0}
    return {finding.kind for finding in findings}


def read(frames: Iterable[Gray]) -> VideoReading:
    """Return what the motion of frames at the usual times is."""
    return read_frames(frames, [MotionMeter])
