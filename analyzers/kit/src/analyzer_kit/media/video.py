"""Moving pictures as a stream of small gray frames with their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from analyzer_contract import MediaFacts
from analyzer_kit.detector import Caps
from analyzer_kit.media.container import (
    moving_picture,
    opened,
    require_complete,
    stated_seconds,
    too_long,
    too_wide,
)
from analyzer_kit.media.decoding import frames_of

WIDEST = 320
"""Frames are scaled down to this many pixels in width: enough to see movement, and independent of grain."""

GrayFrame = NDArray[np.uint8]


@dataclass
class VideoReader:
    """Decodes one recording; :attr:`facts` are complete once :meth:`frames` is exhausted."""

    recording: Path
    caps: Caps
    facts: MediaFacts = field(default_factory=MediaFacts)
    stated: float | None = None

    def frames(self) -> Iterator[tuple[float, GrayFrame]]:
        """Seconds from the first frame, and the frame: height x width, gray, at most 320 wide, in display order.

        Raises:
            AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
        """
        with opened(self.recording, self.caps) as container:
            stream = moving_picture(container)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self.caps.threads
            self.stated = stated_seconds(container, stream)
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            count, first, seconds = 0, None, -1.0 / rate
            for frame in frames_of(container, stream):
                if not isinstance(frame, VideoFrame):
                    continue
                if max(frame.width, frame.height) > self.caps.max_side_pixels:  # the header was not honest
                    raise too_wide(frame.width, frame.height, self.caps)
                time = frame.time if frame.time is not None else (first or 0.0) + seconds + 1 / rate
                first = time if first is None else first
                seconds = max(time - first, 0.0)
                if seconds > self.caps.max_duration_seconds:
                    raise too_long(seconds, self.caps)
                count += 1
                yield seconds, _small_gray(frame)
            self._finish(container, stream, count, seconds + 1 / rate)

    def _finish(
        self, container: av.container.InputContainer, stream: av.VideoStream, count: int, seconds: float
    ) -> None:
        require_complete(seconds, self.stated)
        self.facts = MediaFacts(
            container=container.format.name,
            codec=stream.codec_context.name,
            duration_seconds=round(seconds, 3),
            width=stream.width,
            height=stream.height,
            frames=count,
            frames_per_second=round(count / seconds, 3),
        )


def _small_gray(frame: VideoFrame) -> GrayFrame:
    width = min(frame.width, WIDEST)
    height = max(round(frame.height * width / frame.width), 1)
    gray = frame.reformat(width=width, height=height, format="gray", interpolation="AREA")
    return gray.to_ndarray()  # type: ignore[return-value]
