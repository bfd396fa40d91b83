"""A recording's moving picture as the detectors see it: small gray frames in one pass, measured as they come.

Frames are not kept: a meter keeps what its detector needs of them, such as a thumbnail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from analyzer_contract import MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.coverage import Coverage, told_apart
from analyzer_kit.detector import Meter, Reading
from analyzer_kit.media.front import Front, Opening, first_tracks, read_front
from analyzer_kit.media.gray import GrayFrame
from analyzer_kit.media.video import VideoReader
from video_analyzer.shrinking import shrink

_PROGRESS_FRAMES = 10

_MOST_DAMAGED = 0.1
"""Share of the picture that may be damaged where what is found in the rest is evidence: where so much is, there is more
that no decoder noticed, and a picture that it made up leaps."""

_ROUNDING = 0.5
"""Seconds by which what was seen may differ from the length."""


class VideoMeter[T](Meter[T], Protocol):
    """A measurement of the picture."""

    def add(self, time: float, frame: GrayFrame, *, begins: bool) -> None:
        """Take the next frame: height x width, gray, at most 320 wide.

        Args:
            time: in seconds, not falling.
            frame: it may be kept.
            begins: whether a new stretch begins with it, so that it does not follow the one before.
        """


type AnyMeter = Callable[[], VideoMeter[Any]]
"""What makes a meter: its class, or a function of a detector."""


class _Frames(Protocol):
    @property
    def facts(self) -> MediaFacts: ...

    @property
    def begins(self) -> Sequence[int]: ...

    @property
    def keys(self) -> Sequence[int]: ...

    @property
    def sizes(self) -> Sequence[int]: ...

    @property
    def seen_seconds(self) -> float: ...

    @property
    def damaged(self) -> Sequence[tuple[float, float]]: ...

    def frames(self) -> Iterator[tuple[float, GrayFrame]]: ...


class VideoReading(Reading):
    """One recording's picture, decoded once.

    Args:
        source: decodes it.
        meters: what to measure; each is run once, however often it is named.
        recording: the file, for those who look at it themselves; None for frames that were made here.
        opening: took the front of the recording.
        on_frame: called with each frame's number and time.

    Attributes:
        facts: what the recording is.
        keys: index of each key frame.
        sizes: bytes that each frame was stored in, 0 where that is not known; empty if it is not known of any.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """

    def __init__(
        self,
        source: _Frames,
        meters: Iterable[AnyMeter],
        *,
        recording: Path | None = None,
        opening: Opening[Front] | None = None,
        on_frame: Callable[[int, float], None] = lambda _index, _time: None,
    ) -> None:
        self._opening = opening
        running = {meter: meter() for meter in meters}
        taking = tuple(running.values())
        for index, (time, frame) in enumerate(source.frames()):
            begins = source.begins[-1] == index
            for meter in taking:
                meter.add(time, frame, begins=begins)
            on_frame(index, time)
        self.facts = source.facts
        self.keys = tuple(source.keys)
        self.sizes = tuple(source.sizes)
        super().__init__({maker: meter.result() for maker, meter in running.items()}, recording)
        self.coverage = _coverage(source.seen_seconds, source.damaged, self.facts.duration_seconds)

    @property
    def front(self) -> Front | None:
        """What the recording says at its beginning; None for frames that were made here.

        Raises:
            AnalysisError: as when it was decoded; only a file of several parts is opened again for it.
        """
        return self._opening.taken() if self._opening else None


def _coverage(seen: float, damaged: Sequence[tuple[float, float]], length: float) -> Coverage:
    broken = sum(end - begin for begin, end in damaged)
    coverage = Coverage(spoilt=broken > _MOST_DAMAGED * length)
    if seen + broken < length - _ROUNDING:
        whole, part = told_apart(length, seen)
        gap = f"Of {whole} s of picture, {part} s were looked at, in stretches."
        coverage = replace(Coverage.of_seconds(seen + broken, length, gap), spoilt=coverage.spoilt)
    if damaged:
        begin, end = damaged[0]
        more = f" and in {len(damaged) - 1} more stretches" if len(damaged) > 1 else ""
        coverage = coverage.without(
            min(broken / max(length, broken), 1.0),
            f"The picture is damaged from {begin:.1f} to {end:.1f} s{more}: what a decoder makes up there was not "
            "looked at.",
        )
    return coverage


def read_picture(
    recording: Path, caps: Caps, meters: Iterable[AnyMeter], progress: Callable[[float], None]
) -> VideoReading:
    """Read the first video track of a file.

    Args:
        recording: the file.
        caps: what is refused.
        meters: what to measure.
        progress: called with the share (0-1) that is decoded; where the length is not stated, as if it were a minute.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    opening = Opening(recording, caps, lambda container: read_front(container, first_tracks(container)[1]))
    reader = VideoReader(recording, caps, shrink, opening)

    def on_frame(index: int, time: float) -> None:
        if index % _PROGRESS_FRAMES == 0:
            progress(min(time / (reader.stated or 60.0), 1.0))

    return VideoReading(reader, meters, recording=recording, opening=opening, on_frame=on_frame)


def read_frames(
    frames: Iterable[GrayFrame], meters: Iterable[AnyMeter], *, begins: Sequence[int] = (0,)
) -> VideoReading:
    """Read frames that were made here, 25 a second.

    Args:
        frames: height x width, gray.
        meters: what to measure.
        begins: numbers of the frames that begin a stretch.
    """
    return VideoReading(_Made(frames, begins), meters)


class _Made:
    keys: Sequence[int] = ()
    sizes: Sequence[int] = ()
    damaged: Sequence[tuple[float, float]] = ()

    def __init__(self, frames: Iterable[GrayFrame], begins: Sequence[int]) -> None:
        self._frames = frames
        self._to_begin = begins
        self.begins: list[int] = [0]
        self.seen_seconds = 0.0

    @property
    def facts(self) -> MediaFacts:
        return MediaFacts(duration_seconds=self.seen_seconds)

    def frames(self) -> Iterator[tuple[float, GrayFrame]]:
        for index, frame in enumerate(self._frames):
            if index in self._to_begin:
                self.begins.append(index)
            self.seen_seconds = (index + 1) / 25
            yield index / 25, frame
