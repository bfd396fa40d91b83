"""The detectors of the video analyzer, one module each."""

from __future__ import annotations

from collections.abc import Sequence

from video_analyzer.detector import VideoEntry
from video_analyzer.detectors.credentials import ContentCredentials
from video_analyzer.detectors.cuts import SceneCuts
from video_analyzer.detectors.drops import DroppedFrames
from video_analyzer.detectors.duplicates import DuplicatedFrames, LoopedFrames
from video_analyzer.detectors.freezes import FrozenFrames
from video_analyzer.detectors.models import FrameModels
from video_analyzer.detectors.provenance import Provenance

DETECTORS: Sequence[VideoEntry] = (
    DuplicatedFrames(),
    LoopedFrames(),
    FrozenFrames(),
    DroppedFrames(),
    SceneCuts(),
    ContentCredentials(),
    Provenance(),
    FrameModels(),
)
"""In the order of their reports."""
