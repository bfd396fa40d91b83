"""Reads recordings as the analyzers do, without a service around it: for the tests of what is read and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.audio import AudioReader, Samples
from analyzer_kit.media.video import VideoReader


def hear(recording: Path, caps: Caps | None = None) -> tuple[AudioReader, Samples]:
    """Return the reader, exhausted, and all samples.

    Raises:
        AnalysisError: as the reader.
    """
    reader = AudioReader(recording, caps or Caps(threads=1))
    return reader, np.concatenate([*reader.blocks(), np.zeros(0, dtype=np.float32)])


def see(recording: Path, caps: Caps | None = None) -> VideoReader:
    """Return the reader, exhausted.

    Raises:
        AnalysisError: as the reader.
    """
    reader = VideoReader(recording, caps or Caps(threads=1))
    for _ in reader.frames():
        pass
    return reader


def refusal(recording: Path, of: str = "sound", caps: Caps | None = None) -> AnalysisError:
    """Return why the sound, or the picture, of a recording is refused."""
    try:
        _ = hear(recording, caps) if of == "sound" else see(recording, caps)
    except AnalysisError as error:
        return error
    raise AssertionError(f"{recording.name} was not refused")
