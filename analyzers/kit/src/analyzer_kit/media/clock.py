"""Seconds since the first picture, and how long a track without a stated length is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet

from analyzer_kit.analysis import Caps
from analyzer_kit.media.container import moving_picture, opened
from analyzer_kit.media.decoding import packets_of
from analyzer_kit.media.parts import Part
from analyzer_kit.media.source import recording_of
from analyzer_kit.media.transport import is_steady

_JUMP_SECONDS, _BACK_SECONDS = 10.0, 1.0
"""In a transport stream times may start again, as where two of them were put together: what jumps so far, on or back,
is no time."""

_PATIENCE_SECONDS = 10.0
"""How long a key frame is waited for; cameras and encoders send one at least every ten seconds."""


@dataclass
class Clock:
    """Counts seconds from the first time that it is told.

    Attributes:
        step: seconds from one frame to the next, where nothing says.
        restarts: whether times may start again in the middle.
        origin: the first time.
    """

    step: float
    restarts: bool = False
    origin: float | None = None
    _before: float = 0.0

    def seconds(self, time: float | None) -> float:
        """Return the seconds at ``time`` on the container's clock; without one, a step after the last."""
        if time is None:
            time = self._before + self.step if self.origin is not None else 0.0
        if self.origin is None:
            self.origin = time
        elif self.restarts and not -_BACK_SECONDS <= time - self._before <= _JUMP_SECONDS:
            self.origin += time - self._before - self.step
        self._before = time
        return max(time - self.origin, 0.0)


def clock_for(container: InputContainer, stream: av.VideoStream) -> Clock:
    """Return a clock for the pictures of ``stream``, read from the beginning."""
    return Clock(1 / rate_of(stream), restarts=container.format.name == "mpegts")


def steady_seconds(container: InputContainer) -> float | None:
    """Return how long a transport stream is by its first and last time, if its times rise evenly in between."""
    if container.format.name != "mpegts" or not container.duration:
        return None
    return container.duration / av.time_base if is_steady(recording_of(container)) else None


def rate_of(stream: av.VideoStream) -> float:
    """Return frames a second, as far as anything says."""
    return float(stream.average_rate or stream.guessed_rate or 25)


def measured_seconds(recording: Path, caps: Caps, part: Part | None = None) -> float:
    """Return how long the picture is, by reading all of it and decoding nothing.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
    """
    with opened(recording, caps, part) as container:
        stream = moving_picture(container)
        return rest_of(container, stream, clock_for(container, stream))


def rest_of(container: InputContainer, stream: av.VideoStream, clock: Clock) -> float:
    """Read on to the end without decoding; return the seconds at which it is."""
    reached = 0.0
    for packet, begin in _passed(container, stream, clock):
        reached = max(reached, begin + (_length(packet) or clock.step))
    return reached


def key_after(
    container: InputContainer, stream: av.VideoStream, clock: Clock, seconds: float
) -> Packet[av.VideoStream] | None:
    """Read on without decoding, to the first key frame from ``seconds`` on; return its packet.

    Where none comes for long, as some encoders send none, it is another one; at the end it is none.
    """
    for packet, begin in _passed(container, stream, clock):
        if begin >= seconds and (packet.is_keyframe or begin >= seconds + _PATIENCE_SECONDS):
            return packet
    return None


def _passed(
    container: InputContainer, stream: av.VideoStream, clock: Clock
) -> Iterator[tuple[Packet[av.VideoStream], float]]:
    """Yield packets from where the container stands, as far as it can be read, each with its seconds."""
    for packet in packets_of(container, stream):
        if packet.dts is not None or packet.pts is not None:
            yield packet, clock.seconds(_time(packet))


def _time(packet: Packet[Any]) -> float:
    ticks = packet.dts if packet.dts is not None else packet.pts
    return float((ticks or 0) * packet.time_base)


def _length(packet: Packet[Any]) -> float:
    return float(packet.duration * packet.time_base) if packet.duration else 0.0
