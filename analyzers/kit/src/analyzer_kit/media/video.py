"""Moving pictures as a stream of small gray frames with their times; of a long recording a handful of stretches."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from analyzer_contract import MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.clock import Clock, clock_for, key_after, measured_seconds, rate_of, rest_of, steady_seconds
from analyzer_kit.media.container import moving_picture, too_long, too_wide
from analyzer_kit.media.damage import Damage
from analyzer_kit.media.decoding import frames_of
from analyzer_kit.media.extent import require_complete, stated_seconds, states_track
from analyzer_kit.media.front import Opening, Packets, opened_by
from analyzer_kit.media.gray import GrayFrame, Grays, Shrink
from analyzer_kit.media.parts import Part, parts_of

WHOLE_SECONDS = 120.0
"""A recording up to this long is read whole: 3,000 frames at 25 a second."""

STRETCHES, STRETCH_SECONDS = 6, 20.0
"""Of a longer one that many stretches are read, evenly spread, the first at its beginning and the last at its end."""

_MOST_FRAMES = 7200
"""Read in all; the rest of a whole recording that has more, 60 a second for instance, is left out."""

_LARGE_PIXELS = 1280 * 720
"""Beyond these more than one thread decodes: a second costs 2 to 5 % more CPU at 1080p and saves four tenths of the
wait. At 720p it costs 12 to 16 %, for a third of a second in thirty seconds of recording."""

_MOST_WAITING = 100
"""Packets whose frames have not come: more than any decoder keeps back."""


@dataclass
class VideoReader:
    """The decoder of one recording's picture; all attributes are complete once :meth:`frames` is exhausted.

    Attributes:
        facts: what the recording is.
        opening: opens it, and takes what others want of it; it keeps the packets of the picture.
        shrink: scales the usual frames, if it can do so at less cost than swscale; the others are left to swscale.
        stated: seconds that it has by its header, or else as measured by reading it through without decoding.
        begins: index of each stretch's first frame, the first of all frames included.
        keys: index of each key frame.
        sizes: bytes of the packet that each frame came in, 0 where that is not known; empty where frames are stored in
            another order than they are shown, and a packet may hold what another one needs.
        seen_seconds: how much of the recording was read; what is damaged was not.
    """

    recording: Path
    caps: Caps
    shrink: Shrink | None = None
    opening: Opening[Any] | None = None
    facts: MediaFacts = field(default_factory=MediaFacts)
    stated: float | None = None
    begins: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seen_seconds: float = 0.0
    _damage: Damage = field(default_factory=Damage)
    _stored: dict[int, int] = field(default_factory=dict)
    _in_order: bool = True
    _count: int = 0
    _last: float = -1.0
    _due: float = 0.0
    _sent: float | None = None
    _reached: float = 0.0
    _clock: Clock = field(default_factory=lambda: Clock(0.04))
    _first: Packets = ()
    _grays: Grays = field(init=False)

    def __post_init__(self) -> None:
        """Scale by what was asked for."""
        self._grays = Grays(self.shrink)

    @property
    def damaged(self) -> list[tuple[float, float]]:
        """Begin and end, in seconds, of each stretch that is damaged.

        Its frames are not among :meth:`frames`, and a new stretch begins after it.
        """
        return self._damage.stretches

    @property
    def whole(self) -> bool:
        """Whether every frame was read."""
        return self.seen_seconds >= self.facts.duration_seconds - 0.5

    def frames(self) -> Iterator[tuple[float, GrayFrame]]:
        """Yield seconds from the first frame, and the frame: height x width, gray, at most 320 wide, in display order.

        It is turned as a person sees it.

        Raises:
            AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
        """
        part, elsewhere = self._part()
        with opened_by(self.opening, self.recording, self.caps, part) as (container, self._first):
            stream = moving_picture(container)
            stream.thread_type = "AUTO"
            large = stream.width * stream.height > _LARGE_PIXELS
            stream.codec_context.thread_count = self.caps.threads if large else 1
            self._clock = clock_for(container, stream)
            self.stated, seekable = self._measure(container, stream, part)
            if self.stated <= WHOLE_SECONDS:
                ended = yield from self._stretch(container, stream, WHOLE_SECONDS + 1.0)
            else:
                ended = yield from self._stretches(container, stream, self.stated, seekable=seekable)
            end = self._reached if ended else max(self._reached, rest_of(container, stream, self._clock))
            self._finish(container, stream, end, elsewhere)

    def _measure(self, container: InputContainer, stream: av.VideoStream, part: Part | None) -> tuple[float, bool]:
        """Return how long the picture is, and whether it is safe to seek in it."""
        stated = stated_seconds(container, stream)
        if stated is not None and (stated <= WHOLE_SECONDS or states_track(container, stream)):
            return stated, True
        steady = steady_seconds(container)
        if steady is not None and steady > WHOLE_SECONDS:
            self._clock.restarts = False
            return steady, True
        return measured_seconds(self.recording, self.caps, part), stated is not None

    def _part(self) -> tuple[Part | None, float]:
        """Return the first part of the file with a picture, and the seconds of the others, which are not looked at."""
        parts = parts_of(self.recording)
        if len(parts) == 1:
            return None, 0.0
        lengths: dict[Part, float] = {}
        for part in parts:
            with suppress(AnalysisError):
                lengths[part] = measured_seconds(self.recording, self.caps, part)
        first = next(iter(lengths), parts[0])
        return first, sum(lengths.values()) - lengths.get(first, 0.0)

    def _stretches(
        self, container: InputContainer, stream: av.VideoStream, length: float, *, seekable: bool
    ) -> Generator[tuple[float, GrayFrame], None, bool]:
        ended = False
        step = (length - STRETCH_SECONDS) / (STRETCHES - 1)
        for number in range(STRETCHES):
            if number and not self._go_to(container, stream, number * step, seekable=seekable):
                break
            longest = STRETCH_SECONDS if number < STRETCHES - 1 else 2 * STRETCH_SECONDS
            ended = yield from self._stretch(container, stream, longest)
            if ended and number < STRETCHES - 1 and self._last < length - STRETCH_SECONDS - 1.0:
                break  # the file is shorter than it says
        return ended

    def _go_to(self, container: InputContainer, stream: av.VideoStream, seconds: float, *, seekable: bool) -> bool:
        """Move to the key frame before ``seconds``, or, by reading on, to the one after it; return whether it worked.

        What states no length has no index either, or its times start again, so that seeking would go astray. In a
        transport stream seeking comes to any frame.
        """
        if not seekable:
            key = key_after(container, stream, self._clock, seconds)
            self._first = () if key is None else (key,)
            stream.codec_context.flush_buffers()
            return key is not None
        try:
            container.seek(int(((self._clock.origin or 0.0) + seconds) * av.time_base), backward=True)
        except av.FFmpegError:  # no index: what was read so far is what can be read
            return False
        if container.format.name == "mpegts":
            key = key_after(container, stream, self._clock, max(seconds - 1.0, self._last))
            self._first = () if key is None else (key,)
        return True

    def _stretch(
        self, container: InputContainer, stream: av.VideoStream, longest: float
    ) -> Generator[tuple[float, GrayFrame], None, bool]:
        """Yield frames from where the container stands, for ``longest`` seconds; return whether it came to the end."""
        rate = rate_of(stream)
        later, shown = self._last >= 0, False
        begin: float | None = None
        decoded = 0
        self._damage.restart()
        try:
            for frame, clean in self._damage.clean(self._pictures(container, stream)):
                decoded += 1
                seconds = self._seconds(frame)
                if self._count >= _MOST_FRAMES or decoded > 2 * longest * max(rate, 1.0) + 100:
                    return False
                if later and seconds <= self._last:  # the key frame lies within the stretch before
                    continue
                begin = seconds if begin is None else begin
                if seconds - begin > longest:
                    return False
                if self._damage.lost_any() and seconds > self._due + 0.5 / rate and (decoded > 1 or not later):
                    self._damage.note(self._due, seconds, goes_on=not shown and decoded > 1)
                    shown = False
                elapsed, self._last, self._due = seconds - self._last, seconds, seconds + 1 / rate
                self._reached = seconds + self._shown_for(frame)
                if not clean:
                    self._damage.note(seconds, self._due, goes_on=not shown and decoded > 1)
                    shown = False
                    continue
                self._note_frame(frame, begins=not shown)
                self.seen_seconds += elapsed if shown else 1 / rate
                shown = True
                yield seconds, self._grays.of(frame)
        except AnalysisError:
            if decoded or self._last < 0:  # a later stretch without any frame is beyond the end
                raise
        self.seen_seconds += self._reached - self._last - 1 / rate if shown else 0.0  # the last one may stay for long
        if self._damage.lost_any() and (end := self._clock.seconds(self._sent)) > self._reached + 0.5 / rate:
            self._damage.note(self._reached, end, goes_on=not shown)
            self._reached = end
        return True

    def _note_frame(self, frame: VideoFrame, *, begins: bool) -> None:
        if begins:
            self.begins.append(self._count)
        if frame.key_frame:
            self.keys.append(self._count)
        self.sizes.append(self._stored.pop(frame.pts, 0) if frame.pts is not None else 0)
        self._count += 1

    def _pictures(self, container: InputContainer, stream: av.VideoStream) -> Iterator[VideoFrame]:
        first, self._first = self._first, ()
        frames = frames_of(container, stream, first=first, on_packet=self._note_packet, on_bad_packet=self._lose_packet)
        return (frame for frame in frames if isinstance(frame, VideoFrame))

    def _note_packet(self, packet: Packet[av.VideoStream]) -> None:
        if packet.is_discard and packet.is_keyframe:
            self._damage.renew()
        if packet.pts is not None:
            self._sent = float(packet.pts * packet.time_base)
            self._in_order &= packet.pts == packet.dts
            if len(self._stored) > _MOST_WAITING:
                self._stored.clear()
            self._stored[packet.pts] = packet.size

    def _lose_packet(self) -> None:
        self._damage.lose_packet()
        if self._clock.origin is None:  # the recording begins with what cannot be decoded
            self._clock.seconds(self._sent)

    def _seconds(self, frame: VideoFrame) -> float:
        if max(frame.width, frame.height) > self.caps.max_side_pixels:  # more than the header states
            raise too_wide(frame.width, frame.height, self.caps)
        seconds = self._clock.seconds(frame.time)
        if seconds > self.caps.max_duration_seconds:
            raise too_long(seconds, self.caps)
        return seconds

    def _shown_for(self, frame: VideoFrame) -> float:
        """Return how long the container says that a frame is shown, as far as its track reaches."""
        usual = self._clock.step
        if not frame.duration or frame.time_base is None:
            return usual
        left = (self.stated or 0.0) - self._last
        return min(float(frame.duration * frame.time_base), max(left, usual))

    def _finish(self, container: InputContainer, stream: av.VideoStream, seconds: float, elsewhere: float) -> None:
        self._damage.require_some(self._count)
        require_complete(container, stream, seconds)
        if not self._in_order:
            self.sizes = []
        seconds += elsewhere
        width, height = self._grays.shown(stream.width, stream.height)
        self.facts = MediaFacts(
            container=container.format.name,
            codec=stream.codec_context.name,
            duration_seconds=round(seconds, 3),
            width=width,
            height=height,
            frames=self._count if self.seen_seconds >= seconds - 0.5 else stream.frames or None,
            frames_per_second=round(self._count / max(self.seen_seconds, self._clock.step), 3),
        )
