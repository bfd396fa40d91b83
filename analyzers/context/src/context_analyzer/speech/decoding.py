"""The confined child's part: decode the sound and write it as samples, which are all that the listener gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analyzer_contract import Verdict
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader

_FULL_SCALE = 32767


def analyze(recording: Path, samples: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Write the sound of ``recording`` to ``samples``, as 16-bit integers, mono, 16 kHz; it is judged elsewhere.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
    """
    reader = AudioReader(recording, caps)
    seconds = 0.0
    with samples.open("wb") as file:
        for block in reader.blocks():
            file.write((np.clip(block, -1, 1) * _FULL_SCALE).astype("<i2").tobytes())
            seconds += block.size / SAMPLE_RATE
            progress("decode", min(seconds / (reader.stated or 60.0), 1.0))
    return Assessment(
        media=reader.facts,
        verdict=Verdict.INCONCLUSIVE,
        score=0,
        summary="",
        examined_share=reader.coverage.share,
        unexamined=reader.coverage.sentences,
        detectors=[],
    )


def warm_up(caps: Caps, models: Models, trust: Trust) -> None:
    """Everything that decodes is imported already."""
    del caps, models, trust
