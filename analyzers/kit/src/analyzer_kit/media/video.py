"""Moving pictures as a stream of small gray frames with their times; of a long recording a handful of stretches."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from analyzer_contract import FailureReason, MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.container import moving_picture, opened, too_long, too_wide
from analyzer_kit.media.damage import Damage
from analyzer_kit.media.decoding import frames_of
from analyzer_kit.media.extent import require_complete, stated_seconds

WIDEST = 320
"""Frames are scaled down to this many pixels in width: enough to see movement, and independent of grain."""

WHOLE_SECONDS = 120.0
"""A recording up to this long is read whole: 3,000 frames at 25 a second."""

STRETCHES, STRETCH_SECONDS = 6, 20.0
"""Of a longer one that many stretches are read, evenly spread, the first at its beginning and the last at its end."""

_MOST_FRAMES = 7200
"""Read in all; the rest of a whole recording that has more, 60 a second for instance, is left out."""

_LARGE_PIXELS = 1280 * 720
"""Beyond these more than one thread decodes: a second costs 2 to 5 % more CPU at 1080p and saves four tenths of the
wait. At 720p it costs 12 to 16 %, for a third of a second in thirty seconds of recording."""

_MOST_DAMAGED = 0.5
"""Above this share of frames that could not be decoded cleanly the rest is no basis for a verdict."""

GrayFrame = NDArray[np.uint8]

Shrink = Callable[[GrayFrame, int, int], GrayFrame]
"""From a luma plane, a width and a height to a small gray frame: black is 16 before and 0 after, white 235 and 255."""

_LUMA_FORMATS = {"yuv420p", "nv12"}
"""Their first plane is the luma, a byte for each pixel."""


@dataclass
class VideoReader:
    """The decoder of one recording's picture; all attributes are complete once :meth:`frames` is exhausted.

    Attributes:
        facts: what the recording is.
        shrink: scales the usual frames, if it can do so at less cost than swscale; the others are left to swscale.
        stated: seconds that its header says, if it does.
        begins: index of each stretch's first frame, the first of all frames included.
        keys: index of each key frame.
        seen_seconds: how much of the recording was read; what is damaged was not.
        damaged: begin and end, in seconds, of each stretch that is damaged. Its frames are not among :meth:`frames`,
            and a new stretch begins after it.
    """

    recording: Path
    caps: Caps
    shrink: Shrink | None = None
    facts: MediaFacts = field(default_factory=MediaFacts)
    stated: float | None = None
    begins: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    seen_seconds: float = 0.0
    damaged: list[tuple[float, float]] = field(default_factory=list)
    _damage: Damage = field(default_factory=Damage)
    _decoded: int = 0
    _count: int = 0
    _last: float = -1.0
    _origin: float | None = None
    _scaler: VideoReformatter = field(default_factory=VideoReformatter)

    @property
    def whole(self) -> bool:
        """Whether every frame was read."""
        return self.seen_seconds >= self.facts.duration_seconds - 0.5

    def frames(self) -> Iterator[tuple[float, GrayFrame]]:
        """Yield seconds from the first frame, and the frame: height x width, gray, at most 320 wide, in display order.

        Raises:
            AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
        """
        with opened(self.recording, self.caps) as container:
            stream = moving_picture(container)
            stream.thread_type = "AUTO"
            large = stream.width * stream.height > _LARGE_PIXELS
            stream.codec_context.thread_count = self.caps.threads if large else 1
            self.stated = stated_seconds(container, stream)
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            if self.stated is None or self.stated <= WHOLE_SECONDS:
                ended = yield from self._stretch(container, stream, rate, WHOLE_SECONDS + 1.0)
            else:
                ended = yield from self._stretches(container, stream, rate, self.stated)
            self._finish(container, stream, ended=ended, rate=rate)

    def _stretches(
        self, container: InputContainer, stream: av.VideoStream, rate: float, stated: float
    ) -> Generator[tuple[float, GrayFrame], None, bool]:
        ended = False
        step = (stated - STRETCH_SECONDS) / (STRETCHES - 1)
        for number in range(STRETCHES):
            if number:
                start = (self._origin or 0.0) + number * step
                try:
                    container.seek(int(start * av.time_base), backward=True)
                except av.FFmpegError:  # no index: what was read so far is what can be read
                    break
            longest = STRETCH_SECONDS if number < STRETCHES - 1 else 2 * STRETCH_SECONDS
            ended = yield from self._stretch(container, stream, rate, longest)
            if ended and number < STRETCHES - 1 and self._last < stated - STRETCH_SECONDS - 1.0:
                break  # the file is shorter than it says
        return ended

    def _stretch(
        self, container: InputContainer, stream: av.VideoStream, rate: float, longest: float
    ) -> Generator[tuple[float, GrayFrame], None, bool]:
        """Yield frames from where the container stands, for ``longest`` seconds; return whether it came to the end."""
        later, shown = self._last >= 0, False
        begin: float | None = None
        decoded = 0
        self._damage.restart()
        try:
            for frame, clean in self._damage.clean(self._pictures(container, stream)):
                decoded += 1
                seconds = self._seconds(frame, rate)
                if self._count >= _MOST_FRAMES or decoded > 2 * longest * max(rate, 1.0) + 100:
                    return False
                if later and seconds <= self._last:  # the key frame lies within the stretch before
                    continue
                begin = seconds if begin is None else begin
                if seconds - begin > longest:
                    return False
                elapsed, self._last = seconds - self._last, seconds
                if not clean:
                    self._note_damage(seconds, 1 / rate, goes_on=not shown and decoded > 1)
                    shown = False
                    continue
                if not shown:
                    self.begins.append(self._count)
                if frame.key_frame:
                    self.keys.append(self._count)
                self.seen_seconds += min(elapsed, 1.0) if shown else 1 / rate
                self._count += 1
                shown = True
                yield seconds, self._small_gray(frame)
        except AnalysisError:
            if decoded or self._last < 0:  # a later stretch without any frame is beyond the end
                raise
        return True

    def _pictures(self, container: InputContainer, stream: av.VideoStream) -> Iterator[VideoFrame]:
        frames = frames_of(container, stream, on_bad_packet=self._damage.lose_packet)
        return (frame for frame in frames if isinstance(frame, VideoFrame))

    def _note_damage(self, seconds: float, length: float, *, goes_on: bool) -> None:
        begin = self.damaged.pop()[0] if goes_on and self.damaged else seconds
        self.damaged.append((begin, seconds + length))

    def _seconds(self, frame: VideoFrame, rate: float) -> float:
        if max(frame.width, frame.height) > self.caps.max_side_pixels:  # more than the header states
            raise too_wide(frame.width, frame.height, self.caps)
        time = frame.time if frame.time is not None else (self._origin or 0.0) + self._last + 1 / rate
        if self._origin is None:
            self._origin = time
        seconds = max(time - self._origin, 0.0)
        if seconds > self.caps.max_duration_seconds:
            raise too_long(seconds, self.caps)
        return seconds

    def _finish(self, container: InputContainer, stream: av.VideoStream, *, ended: bool, rate: float) -> None:
        if self._damage.frames > _MOST_DAMAGED * (self._damage.frames + self._count):
            raise _mostly_damaged(self._damage.frames, self._damage.frames + self._count)
        reached = self._last + 1 / rate
        if ended:
            require_complete(container, stream, reached)
        seconds = reached if ended or self.stated is None else max(self.stated, reached)
        self.facts = MediaFacts(
            container=container.format.name,
            codec=stream.codec_context.name,
            duration_seconds=round(seconds, 3),
            width=stream.width,
            height=stream.height,
            frames=self._count if self.seen_seconds >= seconds - 0.5 else stream.frames or None,
            frames_per_second=round(self._count / max(self.seen_seconds, 1 / rate), 3),
        )

    def _small_gray(self, frame: VideoFrame) -> GrayFrame:
        width = min(frame.width, WIDEST)
        height = max(round(frame.height * width / frame.width), 1)
        if self.shrink is not None and _is_limited_luma(frame):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
            return self.shrink(rows[: frame.height, : frame.width], width, height)
        gray = self._scaler.reformat(frame, width=width, height=height, format="gray", interpolation="AREA")
        return gray.to_ndarray()  # type: ignore[return-value]


def _mostly_damaged(damaged: int, decoded: int) -> AnalysisError:
    message = (
        f"{damaged} of {decoded} frames cannot be decoded cleanly: the picture is damaged, or encrypted. "
        "Send the recording again, as it was made."
    )
    return AnalysisError(FailureReason.CORRUPT_MEDIA, message)


def _is_limited_luma(frame: VideoFrame) -> bool:
    """Return whether the first plane is luma of eight bits, from 16 to 235, with its first row first."""
    limited = frame.color_range != ColorRange.JPEG
    return frame.format.name in _LUMA_FORMATS and limited and frame.planes[0].line_size >= frame.width
