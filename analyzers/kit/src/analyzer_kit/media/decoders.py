"""The allow-list of decoders, and its enforcement where PyAV opens them.

FFmpeg's option ``codec_whitelist`` of a container covers the decoders that it opens itself to learn about the streams.
Those that decode afterwards are PyAV's own: each must be checked, and given the list, before its first packet.
"""

from __future__ import annotations

import av
from av.container import InputContainer

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError

_LIST = (
    "aac,aac_fixed,aac_latm,ac3,eac3,alac,amrnb,amrwb,flac,gsm,gsm_ms,mp1float,mp1,mp2float,mp2,mp3float,mp3,opus,libopus,"
    "vorbis,libvorbis,speex,libspeex,adpcm_ima_wav,adpcm_ima_qt,adpcm_ms,g722,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_bluray,"
    "libopencore_amrnb,libopencore_amrwb,qcelp,evrc,ilbc,g723_1,g729,g726,g726le,"
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,h263,mpeg4,mpeg1video,mpeg2video,mjpeg,png,prores,theora,"
    "rawvideo,ffv1,dvvideo,dnxhd,msmpeg4v2,msmpeg4,huffyuv,svq1,svq3,qtrle,apv"
)
DECODERS = frozenset(_LIST.split(","))
"""FFmpeg has some 500 decoders; phones, cameras, messengers and editors need these."""

_MOST_CHANNELS = 64
"""As many as FFmpeg mixes down."""

_LEAST_RATE = 1000
"""Samples a second; speech needs four times as many."""


def options(caps: Caps) -> dict[str, str]:
    """Return FFmpeg's options for every decoder, its own and PyAV's."""
    return {"codec_whitelist": _LIST, "max_pixels": str(caps.max_side_pixels**2)}


def open_decoder(stream: av.AudioStream | av.VideoStream) -> None:
    """Open the decoder of a stream, if it is on the list.

    Raises:
        AnalysisError: UnsupportedMedia, or CorruptMedia: what the container says of the codec makes no sense.
    """
    require_decoder(stream)
    try:
        stream.codec_context.open(strict=False)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        message = (
            "The recording's description of its own codec is damaged, so it cannot be decoded. Send it again, whole."
        )
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message) from error


def confine(container: InputContainer, caps: Caps) -> None:
    """Set the list on every decoder of an open container, so that FFmpeg itself opens none off it."""
    for stream in container.streams:
        if stream.codec_context is not None:
            stream.codec_context.options = options(caps)


def require_decoder(stream: av.AudioStream | av.VideoStream) -> None:
    """Refuse a stream that no decoder of the list is for, or whose numbers make no sense, before one is opened.

    Raises:
        AnalysisError: UnsupportedMedia or CorruptMedia.
    """
    context, what = stream.codec_context, "sound" if isinstance(stream, av.AudioStream) else "picture"
    if context is None:  # of a codec that FFmpeg does not know, although PyAV's types say otherwise
        raise not_analysed(what, "unknown")
    if context.name not in DECODERS:
        raise not_analysed(what, context.name)
    if isinstance(stream, av.AudioStream):
        _require_channels(stream)


def _require_channels(stream: av.AudioStream) -> None:
    if stream.channels > _MOST_CHANNELS:
        message = f"The sound has {stream.channels} channels; at most {_MOST_CHANNELS} are analysed."
        raise AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
    if stream.rate < _LEAST_RATE:
        message = f"The description of the sound is damaged: {stream.rate} samples a second. Send it again, whole."
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)


def not_analysed(what: str, codec: str) -> AnalysisError:
    """Return the error for sound or a picture that no decoder of the list is for."""
    message = (
        f"The {what} is encoded with a codec that is not analysed ({codec}). "
        "Send it as WAV, MP3 or AAC, or as MP4 with H.264."
    )
    return AnalysisError(FailureReason.UNSUPPORTED_MEDIA, message)
