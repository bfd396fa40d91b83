"""Opens a recording with PyAV under an allow-list and refuses what is too large before any of it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.sidedata.encparams
import av.sidedata.motionvectors
import av.subtitles.codeccontext
import av.subtitles.stream  # PyAV imports these four when a recording needs them, and a child can import nothing then
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import chunks, decoders, encryption, transport
from analyzer_kit.media.extent import stated_seconds
from analyzer_kit.media.parts import Part, PartFile
from analyzer_kit.media.sniff import Format, format_of
from analyzer_kit.media.source import Source, recording_of


@contextmanager
def opened(recording: Path, caps: Caps, part: Part | None = None) -> Iterator[InputContainer]:
    """Yield an open container, checked against ``caps``; nothing is read but the file itself.

    Args:
        recording: the file.
        caps: what is refused.
        part: of the file, in place of all of it.

    Raises:
        AnalysisError: UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
    """
    form = format_of(recording)
    if part is None and form.begins:
        part = Part(form.begins, recording.stat().st_size)
    with _source(recording, form, part) as source:
        try:
            container = _open(source, form, caps)
        except av.FFmpegError as error:
            if isinstance(error, MemoryError) and not _has_too_many_streams(recording, form, caps):
                raise
            raise _cannot_be_opened(recording, form, error, caps) from error
        except ValueError as error:
            raise _cannot_be_opened(recording, form, error, caps) from error
        with container:
            _check(container, caps)
            decoders.confine(container, caps)
            yield container


def moving_picture(container: InputContainer) -> VideoStream:
    """Return the video stream; cover art is none.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, EncryptedMedia, or CorruptMedia.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            _choose(container, stream)
            return stream
    raise AnalysisError(FailureReason.NO_VIDEO_STREAM, "The recording has no moving picture.")


def sound_track(container: InputContainer, track: int) -> av.AudioStream:
    """Return a sound track, counted from 0.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, EncryptedMedia, or CorruptMedia.
    """
    unheard = transport.unheard(recording_of(container)) if container.format.name == "mpegts" else {}
    if track >= len(container.streams.audio):
        if unheard:
            raise decoders.not_analysed("sound", next(iter(unheard.values())))
        raise AnalysisError(FailureReason.NO_AUDIO_STREAM, "The recording has no sound.")
    stream = container.streams.audio[track]
    if stream.id in unheard:
        raise decoders.not_analysed("sound", unheard[stream.id])
    _choose(container, stream)
    return stream


def too_long(seconds: float, caps: Caps) -> AnalysisError:
    """Return the error for a recording over the duration cap."""
    message = (
        f"The recording is {seconds / 60:.0f} minutes long; at most {caps.max_duration_seconds / 60:.0f} are analysed. "
        "Send the part in question."
    )
    return AnalysisError(FailureReason.MEDIA_TOO_LARGE, message)


def too_wide(width: int, height: int, caps: Caps) -> AnalysisError:
    """Return the error for a frame over the pixel cap."""
    side = caps.max_side_pixels
    message = f"The picture is {width} x {height}; at most {side} x {side} is analysed. Send a smaller version."
    return AnalysisError(FailureReason.MEDIA_TOO_LARGE, message)


def _source(recording: Path, form: Format, part: Part | None) -> Source | PartFile:
    if part is not None:
        return PartFile(recording, part)
    written = chunks.sizes_left_out(recording) if form.demuxer == "aiff" else ()
    return Source(recording, chunks.missing_pads(recording) if form.demuxer in {"wav", "aiff"} else (), written)


def _open(source: Source | PartFile, form: Format, caps: Caps) -> InputContainer:
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": form.demuxer,
        "max_streams": str(caps.max_streams),
        **decoders.options(caps),
    }
    return av.open(source, mode="r", format=form.demuxer, options=options)


def _choose(container: InputContainer, stream: av.AudioStream | VideoStream) -> None:
    """Refuse a stream that cannot be decoded; else have the demuxer pass over all others."""
    demuxer = container.format.name
    if encryption.track_of(stream, demuxer) in encryption.encrypted_tracks(recording_of(container), demuxer):
        raise encryption.encrypted()
    decoders.require_decoder(stream)
    for other in container.streams:
        other.discard = Discard.default if other.index == stream.index else Discard.all


def _check(container: InputContainer, caps: Caps) -> None:
    streams = list(container.streams)
    if len(streams) > caps.max_streams:
        raise _too_many_streams(caps)
    heard_or_seen = [*container.streams.audio, *container.streams.video]  # subtitles may last for hours
    longest = max([0.0, *(stated_seconds(container, stream) or 0.0 for stream in heard_or_seen)])
    if longest > caps.max_duration_seconds:
        raise too_long(longest, caps)
    for stream in container.streams.video:
        if stream.codec_context is None:
            continue
        if max(stream.width or 0, stream.height or 0) > caps.max_side_pixels:
            raise too_wide(stream.width, stream.height, caps)


def _has_too_many_streams(recording: Path, form: Format, caps: Caps) -> bool:
    """Return whether FFmpeg ran out of streams that it may make, for which it has the same word as for memory."""
    before = av.logging.get_level()
    with av.logging.Capture() as log:
        av.logging.set_level(av.logging.ERROR)
        try:
            with Source(recording) as source:
                _open(source, form, caps).close()
        except (av.FFmpegError, ValueError):
            pass
        finally:
            av.logging.set_level(before)
    return any("max_streams" in message for _, _, message in log)


def _too_many_streams(caps: Caps) -> AnalysisError:
    message = f"The recording has too many streams; at most {caps.max_streams} are accepted."
    return AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)


def _cannot_be_opened(recording: Path, form: Format, error: Exception, caps: Caps) -> AnalysisError:
    if isinstance(error, MemoryError):
        return _too_many_streams(caps)
    if encryption.encrypted_tracks(recording, form.demuxer):
        return encryption.encrypted()
    message = (
        f"The recording looks like {form.name} but cannot be opened: it is damaged or cut off. Send it again, whole."
    )
    return AnalysisError(FailureReason.CORRUPT_MEDIA, message)
