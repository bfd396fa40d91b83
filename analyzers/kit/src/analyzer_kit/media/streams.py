"""The facts that a container and the first frames state about sound and picture; nothing is decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition, Stream

from analyzer_kit.analysis import Caps
from analyzer_kit.media.container import opened
from analyzer_kit.media.edits import edits_by_track
from analyzer_kit.media.extent import tagged_seconds

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

_PACKETS, _PACKET_BYTES = 64, 4096


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
        gaps: start and length, in seconds, of jumps in the time stamps; only MP4 and QuickTime have an index of them.
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


def read_streams(recording: Path, caps: Caps) -> StreamFacts:
    """Read the header and the index of ``recording``.

    Raises:
        AnalysisError: UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    with opened(recording, caps) as container:
        is_mov = container.format.name.startswith("mov")
        edits = edits_by_track(recording) if is_mov else []
        pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        sounds = list(container.streams.audio)
        tracks = [streams[0] if streams else None for streams in (sounds, pictures)]
        signatures = _signatures(container, [track for track in tracks if track is not None])
        sound, picture = (
            _facts(container, track, edits, signatures.get(track.index, ""), indexed=is_mov)
            if track is not None
            else None
            for track in tracks
        )
        return StreamFacts(sound=sound, picture=picture)


def _signatures(container: InputContainer, streams: list[Stream]) -> dict[int, str]:
    """Return, by stream index, what the encoder wrote into the first packet; nothing is decoded."""
    signatures: dict[int, str] = {}
    try:
        for packet, _ in zip(container.demux(streams), range(_PACKETS), strict=False):
            if packet.stream.index not in signatures and packet.size:
                match = _SIGNATURE.search(bytes(packet)[:_PACKET_BYTES])
                signatures[packet.stream.index] = match.group().decode("ascii") if match else ""
            if len(signatures) == len(streams):
                break
    except av.FFmpegError:  # it was decoded before: what was read so far counts
        pass
    return signatures


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
