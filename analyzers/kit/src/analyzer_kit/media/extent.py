"""Whether a recording is all there: by the container's tables of what it holds, against the bytes that there are.

A length that a header states is a hint only. It may be that of another track, of the subtitles, or of nothing; so no
recording is called truncated for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import chunks, ebml, iso
from analyzer_kit.media.source import recording_of

_STATES_LENGTH = {"mov", "flac", "matroska", "aiff", "caf"}
"""Demuxers whose header states the length; in the others it is a guess from the bit rate or from the last packet."""

_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d{1,9})?)\d*$")
_SIDX_HEAD, _SIDX_ENTRY = {0: 24, 1: 32}, 12


def stated_seconds(container: InputContainer, stream: Stream) -> float | None:
    """Return how long the header says that ``stream`` is, as a hint; None where the format does not say."""
    demuxer = container.format.name
    if demuxer == "wav":
        return chunks.wav_seconds(recording_of(container))
    if demuxer not in _STATES_LENGTH:
        return None
    base = float(stream.time_base) if stream.time_base else 0.0
    if stream.duration is not None:
        return min(stream.duration * base, _at_most(stream, recording_of(container)))
    end = _tagged_end(stream) or (container.duration / av.time_base if container.duration else None)
    return None if end is None else max(end - (stream.start_time or 0) * base, 0.0)


def _at_most(stream: Stream, recording: Path) -> float:
    """Return how long sound that is not compressed can be by the size of its file, whatever its header says.

    Programs that write to a pipe put a placeholder for the number of samples.
    """
    context = stream.codec_context
    rate = context.bit_rate if context is not None and context.name.startswith("pcm_") else None
    return 8 * recording.stat().st_size / rate if rate else math.inf


def states_track(container: InputContainer, stream: Stream) -> bool:
    """Return whether the length that is stated is that of ``stream``, and not that of the longest one."""
    return container.format.name in _STATES_LENGTH and (stream.duration is not None or _tagged_end(stream) is not None)


def _tagged_end(stream: Stream) -> float | None:
    return tagged_seconds({name.lower(): value for name, value in stream.metadata.items()})


def tagged_seconds(tags: dict[str, str]) -> float | None:
    """Return what Matroska's tag of a track, which programs write at the end, says of its length."""
    match = _DURATION.match(tags.get("duration", ""))
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else None


def require_complete(container: InputContainer, stream: Stream, decoded: float, *, broken: bool = False) -> float:
    """Return the seconds that ``stream`` has, and refuse a recording whose end is missing.

    Args:
        container: that it was decoded from.
        stream: what was decoded.
        decoded: seconds of it that could be decoded.
        broken: whether the file could not be read to its end.

    Raises:
        AnalysisError: CorruptMedia; half a second or 2 % may be missing.
    """
    stated = stated_seconds(container, stream) or 0.0
    share = _present_share(container, stream)
    length = decoded / share if share > 0 else stated
    if broken or container.format.name == "flac":  # whose header counts the samples
        length = max(length, stated)
    elif container.format.name == "matroska" and _falls_short(decoded, stated):
        length = max(length, decoded / _intact_share(recording_of(container)))
    if _falls_short(decoded, length):
        message = (
            f"The recording is truncated: {decoded:.1f} s of {length:.1f} s could be decoded. Send it again, whole."
        )
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)
    return length


def _falls_short(seconds: float, length: float) -> bool:
    return seconds < length - max(0.5, 0.02 * length)


def _present_share(container: InputContainer, stream: Stream) -> float:
    """Return the share (0-1) of what the container's tables list that lies within the file."""
    recording = recording_of(container)
    by_demuxer: dict[str, Callable[[], float]] = {
        "mov": lambda: _share_of_mov(recording, stream),
        "matroska": lambda: _share_of_segment(recording),
        "wav": lambda: chunks.present_share(recording),
        "avi": lambda: chunks.present_share(recording),
        "aiff": lambda: chunks.present_share(recording),
        "caf": lambda: chunks.present_share(recording),
    }
    return by_demuxer.get(container.format.name, lambda: 1.0)()


def _share_of_mov(recording: Path, stream: Stream) -> float:
    size = recording.stat().st_size
    top = list(iso.top_level(recording))
    fragmented = any(box.name == b"moof" for box in top)
    listed = min([1.0, *(_share_of_list(recording, box, size) for box in top if box.name == b"sidx")])
    if not top or top[-1].end <= size:
        return listed
    return min(listed, size / top[-1].end) if fragmented else _share_of_index(stream, size)


def _share_of_index(stream: Stream, size: int) -> float:
    """Return the share of a track's samples that lie within ``size`` bytes, by their times."""
    entries = stream.index_entries
    low, high = 0, len(entries)
    while low < high:  # the first one that does not; samples of a track follow each other in the file
        middle = (low + high) // 2
        entry = entries[middle]
        low, high = (low, middle) if entry.pos + entry.size > size else (middle + 1, high)
    if low in {0, len(entries)}:
        return 1.0 if low or not len(entries) else 0.0
    first, last = entries[0].timestamp, entries[len(entries) - 1].timestamp
    return (entries[low].timestamp - first) / max(last - first, 1)


def _share_of_list(recording: Path, box: iso.Box, size: int) -> float:
    """Return the share of the fragments in a segment index (ISO 14496-12, 8.16.3) that lie within ``size`` bytes."""
    with recording.open("rb") as file:
        file.seek(box.start)
        body = file.read(min(box.end - box.start, iso.MOST_BYTES))
    head = _SIDX_HEAD.get(body[0]) if body else None
    if head is None or len(body) < head:
        return 1.0
    at = box.end + int.from_bytes(body[head - (12 if body[0] else 8) : head - 4])
    whole = there = 0
    for place in range(head, len(body) - _SIDX_ENTRY + 1, _SIDX_ENTRY):
        at += int.from_bytes(body[place : place + 4]) & 0x7FFFFFFF
        seconds = int.from_bytes(body[place + 4 : place + 8])
        whole += seconds
        there += seconds if at <= size else 0
    return there / whole if whole else 1.0


def _share_of_segment(recording: Path) -> float:
    """Return the share of Matroska's one segment that lies within the file; what is written live states no size."""
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        ends = [found.end for found in ebml.within(file, size, ebml.SEGMENT)]
    return min([1.0, *(size / end for end in ends if end is not None and end > size)])


def _intact_share(recording: Path) -> float:
    """Return the share of the file up to where its elements do not follow each other any more."""
    with recording.open("rb") as file:
        size = file.seek(0, 2)
        segment = next(ebml.within(file, size, ebml.SEGMENT), None)
        if segment is None:
            return 1.0
        reached: int | None = segment.start
        for element in ebml.elements(file, segment.start, size):
            reached = element.end
    return 1.0 if reached is None or reached >= size else max(reached, 1) / size
