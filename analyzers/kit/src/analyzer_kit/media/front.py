"""What a recording says at its beginning: its labels, and the first packets of its tracks; nothing is decoded.

Opening a recording can cost more than all that is looked up in it, as where FFmpeg walks through 3,600 fragments. So
this is taken from the container that an analysis opens anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from analyzer_kit.analysis import Caps
from analyzer_kit.media.container import opened
from analyzer_kit.media.parts import Part

_LONGEST_LABEL, _MOST_LABELS = 65536, 500
_HEAD_BYTES = 4096
_MOST_KEPT, _MOST_KEPT_BYTES = 64, 1024 * 1024
"""Packets of a track that are kept for its decoder. Encoders put sound and picture closer together; where the first
picture comes later, the recording is opened again."""

type Packets = Sequence[Packet[Any]]


class Head(NamedTuple):
    """The beginning of a track's first packet, and how many packets were read before it."""

    content: bytes
    place: int


@dataclass(frozen=True)
class Front:
    """What was read.

    Attributes:
        labels: of the container, then of each track; the names in small letters.
        heads: by the tracks' indexes; without those that no packet came of.
        picture: the index of the first moving picture; None if there is none.
    """

    labels: Sequence[tuple[str, str]]
    heads: Mapping[int, Head]
    picture: int | None


class Opening[T]:
    """Opens a recording for its decoder, and takes something from the container on the way, once.

    Args:
        recording: the file.
        caps: what is refused.
        take: takes it from a container that was opened just now. The packets that it returns with it are those of the
            track that is decoded; None if that one has to be read from another container.
    """

    def __init__(self, recording: Path, caps: Caps, take: Callable[[InputContainer], tuple[T, Packets | None]]) -> None:
        self._recording, self._caps, self._take = recording, caps, take
        self._taken: T | None = None

    @contextmanager
    def opened(self, part: Part | None = None) -> Iterator[tuple[InputContainer, Packets]]:
        """Yield an open container, and the packets of the decoded track that were read from it already.

        Args:
            part: of the file, in place of all of it; from that one nothing is taken.

        Raises:
            AnalysisError: UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
        """
        packets: Packets | None = None
        if part is None and self._taken is None:
            with opened(self._recording, self._caps) as container:
                self._taken, packets = self._take(container)
                if packets is not None:
                    yield container, packets
                    return
        with opened(self._recording, self._caps, part) as container:
            yield container, ()

    def taken(self) -> T:
        """Return what was taken; where it was not yet, as from a file of several parts, the file is opened for it.

        Raises:
            AnalysisError: as :meth:`opened`.
        """
        if self._taken is None:
            with opened(self._recording, self._caps) as container:
                self._taken, _ = self._take(container)
        return self._taken


def opened_by(
    opening: Opening[Any] | None, recording: Path, caps: Caps, part: Part | None
) -> AbstractContextManager[tuple[InputContainer, Packets]]:
    """Return what opens a recording, as :meth:`Opening.opened` does; without an opening nothing is taken of it."""
    return (opening or Opening(recording, caps, lambda _container: (None, ()))).opened(part)


def front_of(recording: Path, caps: Caps) -> Front:
    """Return the front of a recording that nothing else is read of.

    Raises:
        AnalysisError: UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
    """
    return Opening(recording, caps, lambda container: read_front(container, None)).taken()


def first_tracks(container: InputContainer) -> tuple[av.AudioStream | None, av.VideoStream | None]:
    """Return the first sound track and the first moving picture; cover art is none."""
    pictures = (stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic)
    return next(iter(container.streams.audio), None), next(pictures, None)


def read_front(container: InputContainer, decoded: Stream | None) -> tuple[Front, Packets | None]:
    """Read a container that was opened just now, up to the first packets of a track and of the picture.

    Args:
        container: of which no track is passed over yet.
        decoded: the track that is decoded afterwards, if one is.

    Returns:
        The front, and the packets of ``decoded`` that were read, as :class:`Opening` takes them.
    """
    _, picture = first_tracks(container)
    awaited = list({track.index: track for track in (decoded, picture) if track is not None}.values())
    heads: dict[int, Head] = {}
    kept: list[Packet[Any]] = []
    whole = True
    try:
        for place, packet in enumerate(container.demux(awaited) if awaited else ()):
            track = packet.stream.index
            if packet.size:
                heads.setdefault(track, Head(bytes(memoryview(packet)[:_HEAD_BYTES]), place))
            if decoded is not None and track == decoded.index and whole:
                kept.append(packet)
                whole = len(kept) <= _MOST_KEPT and sum(one.size for one in kept[1:]) <= _MOST_KEPT_BYTES
            if len(heads) == len(awaited) or (place >= _MOST_KEPT and (picture is None or picture.index in heads)):
                break
    except av.FFmpegError:  # what was read so far counts
        whole = False
    whole &= len(heads) == len(awaited)
    front = Front(_labels(container), heads, picture.index if picture is not None else None)
    return front, kept if whole else None


def _labels(container: InputContainer) -> list[tuple[str, str]]:
    labels = [*container.metadata.items()]
    labels += [item for stream in container.streams for item in stream.metadata.items()]
    return [(name.lower(), value[:_LONGEST_LABEL]) for name, value in labels[:_MOST_LABELS]]
