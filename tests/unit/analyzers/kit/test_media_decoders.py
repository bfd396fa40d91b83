"""The allow-list of decoders holds, and what cannot be decoded is named by its true reason, finally."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import pytest

from analyzer_contract import FailureKind, FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.media import decoders
from analyzer_kit.media.container import opened
from analyzer_kit.media.decoders import DECODERS
from tests.support.media.checksums import checksum
from tests.support.media.reading import hear, refusal, see
from tests.support.media.samples import ffmpeg

CASES = Path(__file__).parents[3] / "support" / "media" / "cases"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=1")
SOUND = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000")

REFUSED = {
    "Microsoft's pictures": ("wmv2.avi", *PICTURE, "-c:v", "wmv2"),
    "Microsoft's oldest": ("video1.avi", *PICTURE, "-c:v", "msvideo1"),
    "Microsoft's sound": ("wma.avi", *SOUND, "-c:a", "wmav2"),
    "Flash": ("flash.avi", *PICTURE, "-c:v", "flv"),
    "games and CDs": ("cinepak.avi", *PICTURE, "-c:v", "cinepak"),
    "screens": ("screen.avi", *PICTURE, "-c:v", "zmbv"),
    "wavelets": ("snow.avi", *PICTURE, "-c:v", "snow", "-strict", "-2"),
    "still pictures": ("wavelet.mov", *PICTURE, "-c:v", "jpeg2000"),
    "office pictures": ("tiff.mov", *PICTURE, "-c:v", "tiff"),
    "stages": ("hap.mov", *PICTURE, "-c:v", "hap"),
    "lossless pictures": ("lossless.avi", *PICTURE, "-c:v", "utvideo"),
    "lossless sound": ("lossless.mka", *SOUND, "-c:a", "tta"),
    "discs": ("disc.mka", *SOUND, "-ac", "2", "-c:a", "truehd", "-strict", "-2"),
    "cinemas": ("cinema.mka", *SOUND, "-ac", "2", "-c:a", "dca", "-strict", "-2"),
    "broadcasting": ("broadcast.ts", *SOUND, "-ac", "2", "-c:a", "s302m", "-strict", "-2"),
    "synthesisers": ("synthesiser.wav", *SOUND, "-c:a", "adpcm_yamaha"),
}


def open_decoders(recording: Path) -> list[str]:
    """Open a recording, and try to decode each of its streams by PyAV's own contexts; return which could be opened."""
    found = []
    with opened(recording, Caps()) as container:
        for stream in container.streams:
            context = stream.codec_context
            try:
                for packet in container.demux(stream):
                    packet.decode()
            except av.FFmpegError:
                pass
            if context is not None and context.is_open:
                found.append(context.name)
    return found


@pytest.mark.parametrize("family", REFUSED)
def test_a_codec_that_is_not_on_the_list_is_never_opened(tmp_path: Path, family: str) -> None:
    name, *how = REFUSED[family]
    ffmpeg(*how, str(tmp_path / name))
    refused = refusal(tmp_path / name, "sound" if SOUND[3] in how else "picture")
    assert refused.reason is FailureReason.UNSUPPORTED_MEDIA
    assert "encoded with a codec that is not analysed" in refused.message
    assert open_decoders(tmp_path / name) == []


ACCEPTED = {
    "phones": ("clip.mp4", *PICTURE, *SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    "newer phones": ("clip.mov", *PICTURE, *SOUND, "-c:v", "libx265", "-x265-params", "log-level=0", "-c:a", "alac"),
    "cameras": ("clip.avi", *PICTURE, *SOUND, "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "browsers": ("clip.webm", *PICTURE, *SOUND, "-c:v", "libvpx-vp9", "-c:a", "libopus"),
    "discs": ("clip.ts", *PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "ac3"),
    "free software": ("clip.ogv", *PICTURE, *SOUND, "-c:v", "libtheora", "-c:a", "libvorbis"),
    "old phones": ("clip.mkv", *PICTURE, *SOUND, "-s", "128x96", "-c:v", "h263", "-c:a", "mp2"),
    "editors": ("edit.mov", *PICTURE, *SOUND, "-c:v", "prores_ks", "-c:a", "pcm_s24le"),
}


@pytest.mark.parametrize("family", ACCEPTED)
def test_the_list_holds_for_whatever_is_on_it_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """With an empty list nothing opens, neither in FFmpeg nor in PyAV; with the real one both are decoded."""
    name, *how = ACCEPTED[family]
    ffmpeg(*how, str(tmp_path / name))
    assert hear(tmp_path / name)[0].facts.codec in DECODERS
    assert see(tmp_path / name).facts.codec in DECODERS
    monkeypatch.setattr(decoders, "_LIST", "none")
    monkeypatch.setattr(decoders, "DECODERS", frozenset({"none"}))
    with av.logging.Capture() as log:
        av.logging.set_level(av.logging.VERBOSE)
        assert open_decoders(tmp_path / name) == []
        av.logging.set_level(None)
    assert any("not on whitelist" in message for _, _, message in log)
    assert refusal(tmp_path / name).reason is FailureReason.UNSUPPORTED_MEDIA
    assert refusal(tmp_path / name, "picture").reason is FailureReason.UNSUPPORTED_MEDIA


def wav(channels: int, rate: int = 8000, frames: int = 500) -> bytes:
    data = (bytes(range(1, 251)) * (channels * frames // 125 + 1))[: channels * 2 * frames]
    frame = (channels * 2) & 0xFFFF
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame & 0xFFFFFFFF, frame, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + fmt + struct.pack("<4sI", b"data", len(data)) + data
    )


@pytest.mark.parametrize("channels", [65, 128, 255, 256, 65_535])
def test_more_channels_than_can_be_mixed_are_refused(tmp_path: Path, channels: int) -> None:
    (tmp_path / "sound").write_bytes(wav(channels, frames=20))
    refused = refusal(tmp_path / "sound")
    assert refused.reason is FailureReason.UNSUPPORTED_MEDIA
    assert f"{channels} channels; at most 64" in refused.message


@pytest.mark.parametrize("channels", [1, 2, 9, 16, 33, 64])
def test_channels_that_have_no_name_are_heard(tmp_path: Path, channels: int) -> None:
    (tmp_path / "sound").write_bytes(wav(channels))
    assert hear(tmp_path / "sound")[0].facts.channels == channels


@pytest.mark.parametrize(("channels", "rate"), [(0, 8000), (1, 0), (1, 1), (1, 0xFFFFFFFF), (0, 0)])
def test_a_description_that_makes_no_sense_has_a_reason_of_the_recording(
    tmp_path: Path, channels: int, rate: int
) -> None:
    (tmp_path / "sound").write_bytes(wav(1).replace(struct.pack("<HI", 1, 8000), struct.pack("<HI", channels, rate)))
    assert refusal(tmp_path / "sound").kind is FailureKind.MEDIA


def test_an_alac_header_of_zeros_is_damage() -> None:
    refused = refusal(CASES / "F25_alac_zero_values.m4a")
    assert refused.reason is FailureReason.CORRUPT_MEDIA


def test_a_codec_header_that_is_blanked_has_a_reason_of_the_recording(tmp_path: Path) -> None:
    ffmpeg(*SOUND, "-c:a", "alac", str(tmp_path / "sound.m4a"))
    data = bytearray((tmp_path / "sound.m4a").read_bytes())
    place = data.index(b"alac", data.index(b"stsd") + 24)
    data[place + 8 : place + 36] = bytes(28)
    (tmp_path / "sound.m4a").write_bytes(bytes(data))
    assert refusal(tmp_path / "sound.m4a").kind is FailureKind.MEDIA


def retyped(stream: bytes, kind: int) -> bytes:
    """Return a transport stream of one track whose program map states another type of it."""
    packets = [stream[at : at + 188] for at in range(0, len(stream), 188)]
    for number, packet in enumerate(packets):
        section = packet[5:]
        if packet[1] & 0x40 and packet[3] & 0x30 == 0x10 and section[0] == 2:
            length = 3 + (int.from_bytes(section[1:3]) & 0xFFF) - 4
            at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
            changed = section[:at] + bytes([kind]) + section[at + 1 : length]
            packets[number] = packet[:5] + changed + checksum(changed, 0xFFFFFFFF).to_bytes(4) + section[length + 4 :]
    return b"".join(packets)


@pytest.mark.parametrize("looks_like_mp3", [True, False])
@pytest.mark.parametrize("kind", [0x2D, 0x2E])
def test_sound_in_mpeg_h_is_named_and_not_called_damaged(tmp_path: Path, kind: int, *, looks_like_mp3: bool) -> None:
    clip = tmp_path / "clip.ts"
    ffmpeg(*SOUND, "-c:a", "mp2", str(clip))
    assert hear(clip)[0].facts.duration_seconds == pytest.approx(1, abs=0.1)
    stream = clip.read_bytes()
    clip.write_bytes(retyped(stream if looks_like_mp3 else stream.replace(b"\xff\xfd", b"\x12\x34"), kind))
    refused = refusal(clip)
    assert refused.reason is FailureReason.UNSUPPORTED_MEDIA
    assert "MPEG-H" in refused.message
