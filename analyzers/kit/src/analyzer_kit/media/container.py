"""Opens a recording with PyAV under an allow-list and refuses what is too large before any of it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.sniff import ACCEPTED, demuxer_of
from analyzer_kit.media.wav import stated_wav_seconds

_DECODERS = (
    "aac,aac_fixed,aac_latm,ac3,eac3,alac,amrnb,amrwb,flac,gsm,gsm_ms,mp2float,mp2,mp3float,mp3,opus,libopus,vorbis,"
    "libvorbis,speex,libspeex,adpcm_ima_wav,adpcm_ima_qt,adpcm_ms,adpcm_g722,g722,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,"
    "libopencore_amrnb,libopencore_amrwb,"
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,h263,mpeg4,mpeg1video,mpeg2video,mjpeg,png,prores,theora,"
    "rawvideo,ffv1,dvvideo,msmpeg4v2,msmpeg4,huffyuv"
)
"""FFmpeg has some 500 decoders; phones, cameras, messengers and editors need these."""

_AUTHORITATIVE_DURATION = {"mov", "flac", "matroska", "aiff", "caf"}
"""Demuxers whose header states the length; in the others it is a guess from the bit rate or from the last packet."""


@contextmanager
def opened(recording: Path, caps: Caps) -> Iterator[InputContainer]:
    """Yield an open container, checked against ``caps``; nothing is read but the file itself.

    Raises:
        AnalysisError: UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    demuxer = demuxer_of(recording)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": demuxer,
        "codec_whitelist": _DECODERS,
        "max_pixels": str(caps.max_side_pixels**2),
        "max_streams": str(caps.max_streams),
    }
    try:
        container = av.open(str(recording), format=demuxer, options=options)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise _corrupt(demuxer, error) from error
    with container:
        _check(container, caps)
        yield container


def stated_seconds(container: InputContainer, stream: av.AudioStream | VideoStream) -> float | None:
    """Return how long the header says that ``stream`` is; None where the format does not say."""
    demuxer = container.format.name.split(",")[0]
    if demuxer == "wav":
        return stated_wav_seconds(Path(container.name))
    if demuxer not in _AUTHORITATIVE_DURATION:
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def moving_picture(container: InputContainer) -> VideoStream:
    """Return the video stream; cover art is none.

    Raises:
        AnalysisError: NoVideoStream, or UnsupportedMedia.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            _require_decoder(stream)
            return stream
    raise AnalysisError(FailureReason.NO_VIDEO_STREAM, "The recording has no moving picture.")


def sound_track(container: InputContainer, track: int) -> av.AudioStream:
    """Return a sound track, counted from 0.

    Raises:
        AnalysisError: NoAudioStream, or UnsupportedMedia.
    """
    if track >= len(container.streams.audio):
        raise AnalysisError(FailureReason.NO_AUDIO_STREAM, "The recording has no sound.")
    stream = container.streams.audio[track]
    _require_decoder(stream)
    return stream


def require_complete(decoded: float, stated: float | None) -> None:
    """Refuse a recording that ends earlier than its header says.

    Args:
        decoded: seconds that could be decoded.
        stated: seconds according to the header, if it says.

    Raises:
        AnalysisError: CorruptMedia; encoders round by some frames, so half a second or 2 % is let pass.
    """
    if stated is not None and decoded < stated - max(0.5, 0.02 * stated):
        message = (
            f"The recording is truncated: {decoded:.1f} s of {stated:.1f} s could be decoded. Send it again, whole."
        )
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)


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


def _check(container: InputContainer, caps: Caps) -> None:
    streams = list(container.streams)
    if len(streams) > caps.max_streams:
        message = f"The recording has {len(streams)} streams; at most {caps.max_streams} are accepted."
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
    lengths = [float(s.duration * s.time_base) for s in streams if s.duration and s.time_base]
    if container.format.name == "wav":
        lengths.append(stated_wav_seconds(Path(container.name)) or 0.0)
    longest = max([*lengths, (container.duration or 0) / av.time_base])
    if longest > caps.max_duration_seconds:
        raise too_long(longest, caps)
    for stream in container.streams.video:
        if stream.codec_context is None:
            continue
        if max(stream.width or 0, stream.height or 0) > caps.max_side_pixels:
            raise too_wide(stream.width, stream.height, caps)


def _corrupt(demuxer: str, error: Exception) -> AnalysisError:
    if isinstance(error, av.error.ArgumentError) or "whitelist" in str(error).lower():
        return _codec_not_analysed()
    message = (
        f"The recording looks like {demuxer} but cannot be opened: it is damaged or cut off. Send it again, whole."
    )
    return AnalysisError(FailureReason.CORRUPT_MEDIA, message)


def _require_decoder(stream: av.AudioStream | VideoStream) -> None:
    """Refuse a stream of a codec that FFmpeg does not know: PyAV gives it no context, although its types say so."""
    if stream.codec_context is None:
        raise _codec_not_analysed()


def _codec_not_analysed() -> AnalysisError:
    message = f"The recording uses a codec that is not analysed. Accepted containers: {ACCEPTED}."
    return AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
