"""Decoding that sound and pictures share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import decoders, encryption
from analyzer_kit.media.pauses import is_pause


def frames_of(
    container: InputContainer,
    stream: av.AudioStream | av.VideoStream,
    *,
    first: Iterable[Packet[Any]] = (),
    on_packet: Callable[[Packet[Any]], None] = lambda _packet: None,
    on_bad_packet: Callable[[], None] = lambda: None,
    on_break: Callable[[str], None] = lambda _why: None,
) -> Iterator[AudioFrame | VideoFrame]:
    """Yield the decoded frames of ``stream``, passing over single damaged packets.

    Args:
        container: is read on from where it stands.
        stream: of the container.
        first: packets that were read from it already.
        on_packet: called for each packet before it is decoded.
        on_bad_packet: called for each packet that cannot be decoded at all.
        on_break: called with the cause where the file cannot be read any further, other than at its end.

    Raises:
        AnalysisError: UnsupportedMedia or EncryptedMedia, or CorruptMedia: nothing can be decoded.
    """
    decoders.open_decoder(stream)
    good = pauses = 0
    for packet in chain(first, packets_of(container, stream, on_break)):
        if packet.has_sidedata("encryption_info"):
            raise encryption.encrypted()
        if is_pause(stream.codec_context.name, packet):
            pauses += 1
            continue
        on_packet(packet)
        try:
            for frame in packet.decode():
                good += 1
                yield frame
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            on_bad_packet()
    if good == 0 and not pauses:
        message = "Nothing in the recording can be decoded: it is damaged or cut off. Send it again, whole."
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)


def packets_of(
    container: InputContainer,
    stream: av.AudioStream | av.VideoStream,
    on_break: Callable[[str], None] = lambda _why: None,
) -> Iterator[Packet[Any]]:
    """Yield the packets of ``stream`` from where the container stands, as far as it can be read.

    Args:
        container: is read on.
        stream: of the container.
        on_break: called with the cause where the file cannot be read any further, other than at its end.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            on_break(str(error))  # cut off in the middle of a packet: what was read so far decides
            return
        yield packet
