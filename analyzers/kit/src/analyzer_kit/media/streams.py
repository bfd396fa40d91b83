"""The facts that a container and the first frames state about sound and picture; nothing is decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from av.container import InputContainer
from av.stream import Stream

from analyzer_kit.media.edits import edits_by_track
from analyzer_kit.media.extent import tagged_seconds
from analyzer_kit.media.front import Front, Packets, first_tracks, read_front
from analyzer_kit.media.source import recording_of

_GAP_SECONDS = 0.15
"""A jump between two packets beyond their usual distance: seven AAC frames; encoders and muxers round by one."""

_MOST_GAPS = 20
_WRITERS = (
    ("Apple", r"core media"),
    ("Android", r"^(videohandle|soundhandle)$"),
    ("FFmpeg", r"^(videohandler|soundhandler)$|lavc|lavf"),
    ("Google", r"google"),
    ("GPAC", r"gpac"),
    ("HandBrake", r"handbrake"),
    ("CapCut", r"capcut|bytedance"),
    ("Adobe", r"mainconcept|adobe|alias data handler"),
)
"""Which program writes which handler name or encoder tag."""

_LONGEST_TAG = 80
_SIGNATURE = re.compile(rb"Lavc\d+\.\d+\.\d+|x26[45] (?:- core|\(build) ?\d+")
"""How FFmpeg's own encoders (AAC: in a fill element; MPEG-4), x264 and x265 sign the first frame that they write."""

_PACKETS = 64
"""A first packet that comes later is not looked at."""


@dataclass(frozen=True)
class TrackFacts:
    """One stream, by the container's own words.

    Attributes:
        codec: FFmpeg's name of the codec.
        rate: samples a second of sound; None for a picture.
        start: seconds of its first packet on the container's clock, encoder delay taken off; None if it is not stated.
        seconds: length; None if it is not stated.
        writer: the program that wrote the track's name or tag, if it is a known one.
        tag: what its encoder left, as it is.
        created: when the track was made, by its own header.
        edits: from how many stretches of media an edit list puts the track together; 0 without a list.
        signature: what the encoder wrote into the first frame; rewriting the container leaves it.
        gaps: start and length, in seconds, of jumps in the time stamps of sound beside a picture; only MP4 and
            QuickTime have an index of them.
    """

    codec: str
    rate: int | None
    start: float | None
    seconds: float | None
    writer: str | None
    tag: str
    created: datetime | None
    edits: int
    gaps: tuple[tuple[float, float], ...]
    signature: str = ""

    @property
    def end(self) -> float | None:
        """Seconds of its end on the container's clock."""
        return None if self.start is None or self.seconds is None else self.start + self.seconds


@dataclass(frozen=True)
class StreamFacts:
    """The first sound track and the first moving picture."""

    sound: TrackFacts | None
    picture: TrackFacts | None


@dataclass(frozen=True)
class SoundHeader:
    """What the header, the index and the first packets of a recording with sound state.

    Attributes:
        front: labels, and the beginnings of the first packets.
        streams: the tracks.
    """

    front: Front
    streams: StreamFacts


def read_header(container: InputContainer) -> tuple[SoundHeader, Packets | None]:
    """Return the header of a container that was opened just now, as ``Opening`` takes it for the first sound track."""
    tracks = first_tracks(container)
    front, packets = read_front(container, tracks[0])
    is_mov = container.format.name.startswith("mov")
    edits = edits_by_track(recording_of(container)) if is_mov else []
    indexed = is_mov and None not in tracks  # without the other there is nothing that does not go together
    sound, picture = (
        _facts(container, track, edits, _signature(front, track), indexed=indexed and track is tracks[0])
        if track is not None
        else None
        for track in tracks
    )
    return SoundHeader(front, StreamFacts(sound=sound, picture=picture)), packets


def _signature(front: Front, stream: Stream) -> str:
    """Return what the encoder wrote into the first packet of a track."""
    head = front.heads.get(stream.index)
    match = _SIGNATURE.search(head.content) if head is not None and head.place < _PACKETS else None
    return match.group().decode("ascii") if match else ""


def _facts(container: InputContainer, stream: Stream, edits: list[int], signature: str, *, indexed: bool) -> TrackFacts:
    tags = {name.lower(): value[:_LONGEST_TAG] for name, value in stream.metadata.items()}
    tag = tags.get("encoder", "")
    context = stream.codec_context
    base = float(stream.time_base) if stream.time_base else None
    seconds = stream.duration * base if stream.duration is not None and base else tagged_seconds(tags)
    same_order = len(edits) == len(container.streams)
    start = stream.start_time * base if stream.start_time is not None and base else None
    if seconds is not None and start is not None and stream.duration is None:
        seconds -= start  # Matroska's tag states the end
    return TrackFacts(
        codec=context.name if context is not None else "",
        rate=getattr(context, "sample_rate", None),
        start=start,
        seconds=seconds,
        writer=_writer(tags.get("handler_name", "")) or _writer(tag),
        tag=tag,
        created=_time(tags.get("creation_time", "")),
        edits=edits[stream.index] if same_order else 0,
        gaps=_gaps(stream, base) if indexed and base else (),
        signature=signature,
    )


def _writer(name: str) -> str | None:
    return next((who for who, pattern in _WRITERS if re.search(pattern, name.strip().lower())), None)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _gaps(stream: Stream, base: float) -> tuple[tuple[float, float], ...]:
    times = np.array([entry.timestamp for entry in stream.index_entries], dtype=np.float64) * base
    steps = np.diff(times)
    if not steps.size:
        return ()
    usual = float(np.median(steps))
    places = np.flatnonzero(steps > usual + _GAP_SECONDS)[:_MOST_GAPS]
    return tuple((float(times[at] + usual), float(steps[at] - usual)) for at in places)
